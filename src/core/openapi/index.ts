export { createDocument } from './document.ts';
export { serveDocument } from './swagger-ui.ts';

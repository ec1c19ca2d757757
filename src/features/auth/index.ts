export { SignOutTransport, TokenTransport } from './token-transport.ts';

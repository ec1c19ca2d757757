export { captureConsole } from './console.ts';
export { MS_PER_SECOND } from './metrics.ts';
export { TelemetryModule } from './telemetry.module.ts';

export { Metrics } from './metrics.ts';
export { TelemetryModule } from './telemetry.module.ts';

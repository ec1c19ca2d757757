import { inspect } from 'node:util';
import { AppModule } from './app.module.ts';
import { Config, ConfigError, readConfig } from './config/index.ts';
import { createApplication, Readiness } from './core/http/index.ts';

/** What is still running after this is cut off, so that the supervisor need not kill the process. */
const STOP_WITHIN_MS = 15_000;

async function start(config: Config): Promise<void> {
  const app = await createApplication(AppModule.of(config), config);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop());
  await app.listen(config.port, config.host);

  /** New requests get 503, those that run are finished; then the worker and the pool are closed. */
  async function stop(): Promise<void> {
    app.get(Readiness).drain();
    setTimeout(() => process.exit(0), STOP_WITHIN_MS).unref();
    await app.close();
    process.exit(0);
  }
}

try {
  await start(readConfig());
} catch (error) {
  process.stderr.write(`${error instanceof ConfigError ? error.message : inspect(error)}\n`);
  process.exit(1);
}

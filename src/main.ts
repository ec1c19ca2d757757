import { inspect } from 'node:util';
import type { INestApplication } from '@nestjs/common';
import { AppModule } from './app.module.ts';
import { Config, ConfigError, readConfig } from './config/index.ts';
import { createApplication, Readiness } from './core/http/index.ts';
import { captureConsole } from './core/telemetry/index.ts';

/** What is still running after this is cut off, so that the supervisor need not kill the process. */
const STOP_WITHIN_MS = 15_000;

/** Somebody else listens there, or we may not. */
const PORT_FAULTS = ['EADDRINUSE', 'EACCES'];

async function start(config: Config): Promise<void> {
  const app = await createApplication(AppModule.of(config), config);
  captureConsole();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop());
  await app.init();
  await listen(app, config);

  /** New requests get 503, those that run are finished; then the worker and the pool are closed. */
  async function stop(): Promise<void> {
    app.get(Readiness).drain();
    setTimeout(() => process.exit(0), STOP_WITHIN_MS).unref();
    await app.close();
    process.exit(0);
  }
}

/** @throws ConfigError naming PORT where the address is the machine's, or else HOST */
async function listen(app: INestApplication, { port, host }: Config): Promise<void> {
  try {
    await app.listen(port, host);
  } catch (error) {
    const variable = PORT_FAULTS.some((code) => String(error).includes(code)) ? 'PORT' : 'HOST';
    throw new ConfigError([`${variable} is of no use: ${String(error)}`]);
  }
}

try {
  await start(readConfig());
} catch (error) {
  process.stderr.write(`${error instanceof ConfigError ? error.message : inspect(error)}\n`);
  process.exit(1);
}

import { Logger } from '@nestjs/common';

const METHODS = ['debug', 'log', 'info', 'warn', 'error', 'trace'] as const;

/**
 * Puts what libraries write to the console by themselves (graphile-worker, when a worker of it fails) where everything else
 * goes: one structured line, and as little of an error as of any other.
 */
export function captureConsole(target: Pick<Console, (typeof METHODS)[number]> = console): void {
  const logger = new Logger('Console');
  for (const method of METHODS) target[method] = (...words: unknown[]) => logger.warn(asLine(words));
}

function asLine(words: readonly unknown[]): object {
  return {
    msg: 'a library wrote to the console',
    text: words.find((word) => typeof word === 'string'),
    err: words.find((word) => word instanceof Error),
  };
}

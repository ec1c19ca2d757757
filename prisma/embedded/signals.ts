const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const WATCH_MS = 500;

/**
 * Aborted when we are told to stop: by Ctrl-C, by a signal, or by the end of the npm that runs us. The shell between npm
 * and us passes no signal on; that it is gone shows in our parent's id.
 */
export function untilToldToStop(): AbortSignal {
  const stop = new AbortController();
  for (const signal of SIGNALS) process.on(signal, () => stop.abort());
  if (process.env['npm_lifecycle_event'] !== undefined) watchParent(stop);
  return stop.signal;
}

function watchParent(stop: AbortController): void {
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid !== parent) stop.abort();
  }, WATCH_MS);
  watch.unref();
}

declare global {
  var stopCluster: (() => Promise<boolean>) | undefined;
}

/** The run's PostgreSQL goes, and its files; where a run is killed, its watch sees to that. */
export default async function stop(): Promise<void> {
  await globalThis.stopCluster?.();
}

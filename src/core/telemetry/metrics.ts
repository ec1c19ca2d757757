import { collectDefaultMetrics, Registry } from 'prom-client';

export const MS_PER_SECOND = 1_000;

/**
 * The metrics of this application, with those of its process. Whoever has something to count makes it with
 * `registers: [registry]`; labels come from small fixed sets, never from data.
 */
export function createRegistry(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
}

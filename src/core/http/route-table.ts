import type { RouteOptions } from 'fastify';

interface Route {
  readonly segments: readonly string[];
  readonly methods: readonly string[];
}

/** Which methods a path takes: what the router knows but does not tell, for the `Allow` of a 405. */
export class RouteTable {
  readonly #routes: Route[] = [];

  /** Fastify's `onRoute` hook. */
  add({ url, method }: RouteOptions): void {
    if (url !== '*') this.#routes.push({ segments: url.split('/'), methods: [method].flat() });
  }

  /** @returns the methods of all routes that match the path, sorted; empty when none does */
  methodsAt(path: string): readonly string[] {
    const segments = path.split('/');
    const methods = this.#routes.filter((route) => matches(route.segments, segments)).flatMap((route) => route.methods);
    return [...new Set(methods)].toSorted();
  }
}

function matches(pattern: readonly string[], path: readonly string[]): boolean {
  const isWildcard = pattern.at(-1) === '*';
  if (isWildcard ? path.length < pattern.length : path.length !== pattern.length) return false;
  return pattern.every((segment, index) => {
    if (segment === '*') return true;
    return segment.startsWith(':') ? path[index] !== '' : segment === path[index];
  });
}

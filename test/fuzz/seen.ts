import type { Answer } from './wire.ts';

const REMEMBERED = 20;

/** What the server gave to somebody, to be sent back by somebody else. */
export class Seen {
  readonly tags: string[] = ['"1.x"'];
  readonly cursors: string[] = ['x'];

  note({ headers, body }: Answer): void {
    remember(this.tags, headers['etag']);
    remember(this.cursors, /"next_cursor":"([^"]+)"/.exec(body)?.[1]);
  }
}

function remember(values: string[], value: string | undefined): void {
  if (value !== undefined && values.unshift(value) > REMEMBERED) values.pop();
}

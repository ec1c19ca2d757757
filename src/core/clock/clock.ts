import { Injectable } from '@nestjs/common';

const MS_PER_SECOND = 1_000;

/** The only source of the present moment, so that a test can set it. */
@Injectable()
export class Clock {
  now(): Date {
    return new Date();
  }

  /** @returns seconds since 1970 (RFC 7519, NumericDate) */
  seconds(): number {
    return numericDate(this.now());
  }
}

/** @returns the moment as a NumericDate (RFC 7519): whole seconds since 1970 */
export function numericDate(date: Date): number {
  return Math.floor(date.getTime() / MS_PER_SECOND);
}

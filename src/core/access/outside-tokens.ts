import { Injectable } from '@nestjs/common';
import type { AccessClaims } from './access-token.ts';

/** @returns whom a token lets in, or undefined for one that is not of this judge's issuer; throws Problem for a bad one that is */
export type OutsideJudge = (token: string) => Promise<AccessClaims | undefined>;

/** Access tokens that somebody else has issued. Who knows that issuer, and its people, says who may come in by them. */
@Injectable()
export class OutsideTokens {
  #judge: OutsideJudge | undefined;

  judgeBy(judge: OutsideJudge): void {
    this.#judge = judge;
  }

  /** @returns undefined where the token is for us to verify */
  async judge(token: string): Promise<AccessClaims | undefined> {
    return this.#judge?.(token);
  }
}

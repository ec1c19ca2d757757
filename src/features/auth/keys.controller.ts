import { Controller, Get, Header } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Access } from '../../core/access/index.ts';
import { type PublicJwk, VerificationKeys } from '../../core/crypto/index.ts';

/** RFC 7517: what others verify our access tokens with. */
@ApiExcludeController()
@Controller('.well-known')
export class KeysController {
  constructor(private readonly keys: VerificationKeys) {}

  @Get('jwks.json')
  @Access.public('public keys')
  @Header('Cache-Control', 'public, max-age=300')
  list(): { keys: PublicJwk[] } {
    return { keys: this.keys.jwks };
  }
}

import { Module } from '@nestjs/common';
import { Config } from '../../config/config.ts';
import { KeyedHash } from './keyed-hash.ts';
import { Passwords } from './passwords.ts';
import { SecretBox } from './secret-box.ts';
import { SigningKey } from './signing-key.ts';

@Module({
  providers: [
    { provide: SigningKey, useFactory: (config: Config) => new SigningKey(config.accessTokenKey), inject: [Config] },
    { provide: KeyedHash, useFactory: (config: Config) => new KeyedHash(config.secretKey), inject: [Config] },
    { provide: SecretBox, useFactory: (config: Config) => new SecretBox(config.secretKey), inject: [Config] },
    Passwords,
  ],
  exports: [SigningKey, KeyedHash, SecretBox, Passwords],
})
export class CryptoModule {}

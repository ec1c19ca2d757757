import { Module } from '@nestjs/common';
import { Config } from '../../config/config.ts';
import { DataKeys } from './data-keys.ts';
import { KeyedHash } from './keyed-hash.ts';
import { MasterKeys } from './master-keys.ts';
import { Passwords } from './passwords.ts';
import { SecretBox } from './secret-box.ts';
import { SigningKey, VerificationKey, VerificationKeys } from './signing-key.ts';

@Module({
  providers: [
    { provide: SigningKey, useFactory: (config: Config) => new SigningKey(config.accessTokenKey), inject: [Config] },
    {
      provide: VerificationKeys,
      useFactory: (signingKey: SigningKey, config: Config) =>
        new VerificationKeys([signingKey, ...config.otherAccessTokenKeys.map((key) => new VerificationKey(key))]),
      inject: [SigningKey, Config],
    },
    { provide: KeyedHash, useFactory: (config: Config) => new KeyedHash(config.secretKey), inject: [Config] },
    { provide: SecretBox, useFactory: (config: Config) => new SecretBox(config.secretKey), inject: [Config] },
    { provide: MasterKeys, useFactory: (config: Config) => new MasterKeys(config.encryptionKeys), inject: [Config] },
    DataKeys,
    Passwords,
  ],
  exports: [SigningKey, VerificationKeys, KeyedHash, SecretBox, MasterKeys, DataKeys, Passwords],
})
export class CryptoModule {}

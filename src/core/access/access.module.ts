import { Global, Module } from '@nestjs/common';
import { APP_GUARD, DiscoveryModule } from '@nestjs/core';
import { PassportModule } from '@nestjs/passport';
import { CryptoModule } from '../crypto/index.ts';
import { AccessGuard } from './access.guard.ts';
import { AccessTable } from './access-table.ts';
import { AccessTokenStrategy } from './access-token.strategy.ts';
import { ClaimsCache } from './claims-cache.ts';
import { Grants } from './grants.ts';
import { OrganizationLock } from './organization-lock.ts';
import { Origins } from './origins.ts';
import { OutsideTokens } from './outside-tokens.ts';
import { ScopeInterceptor } from './scope.interceptor.ts';

/** Who may call what, on every route of the application. */
@Global()
@Module({
  imports: [DiscoveryModule, PassportModule, CryptoModule],
  providers: [
    AccessTable,
    AccessTokenStrategy,
    ClaimsCache,
    Grants,
    Origins,
    OrganizationLock,
    OutsideTokens,
    { provide: APP_GUARD, useClass: AccessGuard },
    ScopeInterceptor,
  ],
  exports: [AccessTable, Grants, OrganizationLock, OutsideTokens, ScopeInterceptor],
})
export class AccessModule {}

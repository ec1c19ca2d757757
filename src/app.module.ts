import { type DynamicModule, Module } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import type { Config } from './config/index.ts';
import { AccessModule, ScopeInterceptor } from './core/access/index.ts';
import { AuditModule } from './core/audit/index.ts';
import { DatabaseModule } from './core/database/index.ts';
import { HttpModule } from './core/http/index.ts';
import { IdempotencyInterceptor, IdempotencyModule } from './core/idempotency/index.ts';
import { JobsModule } from './core/jobs/index.ts';
import { LimitsModule, SignInLimitInterceptor } from './core/limits/index.ts';
import { MailModule } from './core/mail/index.ts';
import { TelemetryModule } from './core/telemetry/index.ts';
import { EffectiveAccessModule } from './features/access/access.module.ts';
import { AcceptanceModule } from './features/acceptance/acceptance.module.ts';
import { AccountModule } from './features/account/account.module.ts';
import { AuthModule } from './features/auth/auth.module.ts';
import { HealthModule } from './features/health/health.module.ts';
import { InvitationsModule } from './features/invitations/invitations.module.ts';
import { MailboxModule } from './features/mailbox/mailbox.module.ts';
import { MembersModule } from './features/members/members.module.ts';
import { OrganizationsModule } from './features/organizations/organizations.module.ts';
import { OwnershipTransfersModule } from './features/ownership-transfers/ownership-transfers.module.ts';
import { OutsideSignInModule } from './features/outside-sign-in/outside-sign-in.module.ts';
import { PreferencesModule } from './features/preferences/preferences.module.ts';
import { RolesModule } from './features/roles/roles.module.ts';
import { SecondFactorModule } from './features/second-factor/second-factor.module.ts';
import { TeamMembersModule } from './features/team-members/team-members.module.ts';
import { TeamsModule } from './features/teams/teams.module.ts';
import { UsersModule } from './features/users/users.module.ts';

const core = [
  DatabaseModule,
  AccessModule,
  LimitsModule,
  AuditModule,
  IdempotencyModule,
  HttpModule,
  TelemetryModule,
  JobsModule,
  MailModule,
];

/** Around all that judges the input, outermost first (docs/decisions/0017-order-of-judgement.md). */
const interceptors = [ScopeInterceptor, SignInLimitInterceptor, IdempotencyInterceptor].map((interceptor) => ({
  provide: APP_INTERCEPTOR,
  useExisting: interceptor,
}));

/** A new feature is one line here. */
const features = [
  HealthModule,
  AuthModule,
  OutsideSignInModule,
  SecondFactorModule,
  UsersModule,
  AccountModule,
  OrganizationsModule,
  RolesModule,
  MembersModule,
  EffectiveAccessModule,
  PreferencesModule,
  TeamMembersModule,
  OwnershipTransfersModule,
  TeamsModule,
  InvitationsModule,
  AcceptanceModule,
];

/** The whole of the application. `createApplication` adds the filter, the pipe and what the environment decides. */
@Module({ imports: [...core, ...features], providers: interceptors })
export class AppModule {
  static of(config: Config): DynamicModule {
    return { module: AppModule, imports: [MailboxModule.of(config)] };
  }
}

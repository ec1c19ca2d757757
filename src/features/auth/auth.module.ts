import { Module } from '@nestjs/common';
import { CryptoModule } from '../../core/crypto/index.ts';
import { SecondFactorModule } from '../second-factor/index.ts';
import { UsersModule } from '../users/index.ts';
import { AccessTokens } from './access-tokens.ts';
import { AuthController } from './auth.controller.ts';
import { AuthRepository } from './auth.repository.ts';
import { EmailChangeController } from './email-change.controller.ts';
import { EmailChangeService } from './email-change.service.ts';
import { EmailTokensRepository } from './email-tokens.repository.ts';
import { KeysController } from './keys.controller.ts';
import { IssuedSessions } from './issued-sessions.ts';
import { LinkSignInService } from './link-sign-in.service.ts';
import { LoginService } from './login.service.ts';
import { MagicLinksController } from './magic-links.controller.ts';
import { MagicLinksService } from './magic-links.service.ts';
import { MailedLinks } from './mailed-links.ts';
import { MfaChallengesRepository } from './mfa-challenges.repository.ts';
import { MfaController } from './mfa.controller.ts';
import { NewPasswords } from './new-passwords.ts';
import { PasswordAttempts } from './password-attempts.ts';
import { PasswordsController } from './passwords.controller.ts';
import { PasswordsService } from './passwords.service.ts';
import { RegistrationService } from './registration.service.ts';
import { SessionsController } from './sessions.controller.ts';
import { SessionsRepository } from './sessions.repository.ts';
import { SessionsService } from './sessions.service.ts';
import { SignIn } from './sign-in.service.ts';
import { StepUpController } from './step-up.controller.ts';
import { StepUpService } from './step-up.service.ts';
import { SignUp } from './sign-up.service.ts';
import { SweepRepository } from './sweep.repository.ts';
import { SignInSweep } from './sweep.ts';

@Module({
  imports: [CryptoModule, UsersModule, SecondFactorModule],
  controllers: [
    AuthController,
    MagicLinksController,
    MfaController,
    PasswordsController,
    EmailChangeController,
    SessionsController,
    StepUpController,
    KeysController,
  ],
  providers: [
    RegistrationService,
    EmailChangeService,
    MagicLinksService,
    LinkSignInService,
    LoginService,
    SignIn,
    SignUp,
    PasswordsService,
    SessionsService,
    StepUpService,
    PasswordAttempts,
    NewPasswords,
    MailedLinks,
    EmailTokensRepository,
    AuthRepository,
    SessionsRepository,
    MfaChallengesRepository,
    AccessTokens,
    IssuedSessions,
    SignInSweep,
    SweepRepository,
  ],
  exports: [NewPasswords, SignUp],
})
export class AuthModule {}

export { AuthModule } from './auth.module.ts';
export { TOKEN } from './auth.dto.ts';
export { NewPasswords } from './new-passwords.ts';
export { LONGEST_PASSWORD } from './password.policy.ts';
export type { SignInResult } from './sign-in.service.ts';
export { SignUp } from './sign-up.service.ts';
export { SignInTransport, SignOutTransport, TokenTransport } from './token-transport.ts';
export { answersWith, CookieSessionResponse, TokenPairResponse } from './tokens.dto.ts';

import type { Settings } from './config.ts';

/** Marks each value of `.env.example` that has to be replaced. */
const PLACEHOLDER = /change-me/i;

/** Random bytes of this length repeat themselves; 32 of them never have as few different ones as this. */
const MINIMUM_DIFFERENT_BYTES = 12;

/** Host names that never leave the machine (RFC 6761, 6.3), as the URL parser writes them. */
const LOOPBACK = /^(?:localhost|.*\.localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/**
 * What works on a developer's machine and is dangerous in production.
 * @param environment as given, to find placeholders anywhere
 * @param settings as parsed; a variable that could not be is `undefined` and has its own fault already
 * @returns one line for each fault, beginning with the variable
 */
export function productionFaults(
  environment: Readonly<Record<string, string | undefined>>,
  settings: Partial<Settings>,
): string[] {
  return [
    ...placeholders(environment, settings),
    ...weakSecrets(settings),
    ...sharedSecrets(settings),
    ...origins(settings),
    ...readableOnTheWay(settings),
    ...missing(environment),
  ];
}

function placeholders(
  environment: Readonly<Record<string, string | undefined>>,
  settings: Partial<Settings>,
): string[] {
  return Object.keys(settings)
    .filter((name) => PLACEHOLDER.test(environment[name] ?? ''))
    .map((name) => `${name} still holds the placeholder of .env.example`);
}

function weakSecrets(settings: Partial<Settings>): string[] {
  const secrets = {
    SECRET_KEY: [settings.SECRET_KEY],
    ENCRYPTION_KEYS: settings.ENCRYPTION_KEYS?.map(({ secret }) => secret),
    METRICS_TOKEN: [Buffer.from(settings.METRICS_TOKEN ?? '')],
  };
  return Object.entries(secrets)
    .filter(([, found]) => found?.some(isWeak))
    .map(([name]) => `${name} is not random`);
}

function isWeak(bytes: Buffer | undefined): boolean {
  return bytes !== undefined && bytes.length > 0 && new Set(bytes).size < MINIMUM_DIFFERENT_BYTES;
}

/** What opens everything must not be had by whoever gets the key of an HMAC, and the other way round. */
function sharedSecrets({ SECRET_KEY, ENCRYPTION_KEYS = [] }: Partial<Settings>): string[] {
  const isShared = ENCRYPTION_KEYS.some(({ secret }) => SECRET_KEY !== undefined && secret.equals(SECRET_KEY));
  return isShared ? ['ENCRYPTION_KEYS must not hold SECRET_KEY'] : [];
}

function origins(settings: Partial<Settings>): string[] {
  return (settings.CORS_ORIGINS ?? [])
    .filter((origin) => !origin.startsWith('https://'))
    .slice(0, 1)
    .map(() => 'CORS_ORIGINS must name https origins, and no wildcard, in production');
}

/** Tokens travel there. Between a machine and itself nobody listens, so that production can be tried at home. */
function readableOnTheWay(settings: Partial<Settings>): string[] {
  return (['API_URL', 'APP_URL', 'OUTSIDE_ISSUER_JWKS_URL'] as const)
    .filter((name) => isReadableOnTheWay(settings[name] ?? ''))
    .map((name) => `${name} must begin with https:// in production`);
}

function isReadableOnTheWay(url: string): boolean {
  const parsed = URL.parse(url);
  return parsed?.protocol === 'http:' && !LOOPBACK.test(parsed.hostname);
}

function missing(environment: Readonly<Record<string, string | undefined>>): string[] {
  return ['SMTP_URL', 'METRICS_TOKEN']
    .filter((name) => !environment[name])
    .map((name) => `${name} is missing, and needed in production`);
}

import { createPublicKey, type KeyObject } from 'node:crypto';
import { productionFaults } from './production.ts';
import {
  choice,
  displayName,
  flag,
  host,
  integer,
  issuer,
  languageTag,
  mailbox,
  type MasterKey,
  masterKeys,
  networks,
  optional,
  origins,
  quota,
  type Quota,
  required,
  seats,
  secretKey,
  signingKey,
  token,
  url,
  verificationKey,
} from './variables.ts';

/** Every variable that the server reads; `.env.example` explains each. */
export const variables = {
  NODE_ENV: optional(choice('development', 'test', 'production'), 'production'),
  HOST: optional(host, undefined),
  PORT: optional(integer(0, 65_535), 3000),
  DATABASE_URL: required(url('postgres', 'postgresql')),
  DIRECT_DATABASE_URL: required(url('postgres', 'postgresql')),
  DATABASE_POOL_SIZE: optional(integer(1, 1000), 10),
  DATABASE_POOLED: optional(flag, false),
  SLOW_STATEMENT_MS: optional(integer(1, 60_000), 200),
  API_URL: required(url('https', 'http')),
  APP_URL: required(url('https', 'http')),
  APP_NAME: optional(displayName, 'Tenantry'),
  ACCESS_TOKEN_PRIVATE_KEY: required(signingKey),
  ACCESS_TOKEN_NEXT_KEY: optional(signingKey, undefined),
  ACCESS_TOKEN_PREVIOUS_KEY: optional(verificationKey, undefined),
  SECRET_KEY: required(secretKey),
  ENCRYPTION_KEYS: required(masterKeys),
  OUTSIDE_ISSUER: optional(issuer, undefined),
  OUTSIDE_ISSUER_AUDIENCE: optional(String, undefined),
  OUTSIDE_ISSUER_JWKS_URL: optional(url('https', 'http'), undefined),
  OUTSIDE_ISSUER_CREATES_USERS: optional(flag, false),
  CORS_ORIGINS: optional(origins, []),
  TRUSTED_PROXIES: optional(networks, []),
  RATE_LIMIT_ADDRESS: optional(quota, undefined),
  RATE_LIMIT_CALLER: optional(quota, undefined),
  RATE_LIMIT_SIGN_IN: optional(quota, undefined),
  MEMBERS_MAX: optional(seats, undefined),
  TEAMS_MAX_MEMBERS: optional(seats, undefined),
  MEMBERS_COUNT_PENDING: optional(flag, false),
  SMTP_URL: optional(url('smtp', 'smtps'), undefined),
  MAIL_FROM: required(mailbox),
  DEFAULT_LANGUAGE: optional(languageTag, 'en'),
  METRICS_TOKEN: optional(token, undefined),
  LOG_LEVEL: optional(choice('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'), 'info'),
};

export type Settings = { readonly [Name in keyof typeof variables]: ReturnType<(typeof variables)[Name]> };

const LIMITS = {
  /** An office behind one address gets by; one computer does not flood. */
  address: { requests: 3_000, seconds: 60 },
  caller: { requests: 600, seconds: 60 },
  /** Guessing: some ten thousand passwords a day, where an account's own limit lets through less than a thousand. */
  signIn: { requests: 30, seconds: 300 },
} satisfies Record<string, Quota>;

/** So wide that a test suite on one address does not meet it. */
const NO_LIMIT_TO_SPEAK_OF: Quota = { requests: 1_000_000, seconds: 60 };

/** The environment, parsed once: the only source of configuration, the same for the life of the process. */
export class Config {
  readonly environment: 'development' | 'test' | 'production';
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** `url` is the role tenantry_app; `directUrl` a session of tenantry_worker, past any pooler. */
  readonly database: Readonly<{
    url: string;
    directUrl: string;
    poolSize: number;
    pooled: boolean;
    slowStatementMs: number;
  }>;
  /** Without a slash at the end, as is `appUrl`. */
  readonly apiUrl: string;
  readonly appUrl: string;
  /** What the product calls itself to people. */
  readonly appName: string;
  readonly accessTokenKey: KeyObject;
  /** Public keys whose tokens are good as well: of the one that will sign, and of the one that did. */
  readonly otherAccessTokenKeys: readonly KeyObject[];
  /** Whose access tokens are taken beside our own. */
  readonly outsideIssuer: OutsideIssuer | undefined;
  readonly secretKey: Buffer;
  /** The first one encrypts, every one decrypts. */
  readonly encryptionKeys: readonly MasterKey[];
  readonly corsOrigins: readonly string[];
  /** Networks whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly string[];
  /** How many requests an address and a caller have, and how many of them an address has for signing in. */
  readonly limits: Readonly<{ address: Quota; caller: Quota; signIn: Quota }>;
  /** Of an organisation for which the operator has set none: how many members it and each team of it may have; undefined: any number. */
  readonly seats: Readonly<{ members: number | undefined; teamMembers: number | undefined; countPending: boolean }>;
  /** Without `smtpUrl` mails are kept for `/dev/mailbox` alone. */
  readonly mail: Readonly<{ smtpUrl: string | undefined; from: string; defaultLanguage: string }>;
  readonly metricsToken: string | undefined;
  readonly logLevel: string;

  constructor(settings: Settings) {
    this.environment = settings.NODE_ENV;
    this.host = settings.HOST ?? (settings.NODE_ENV === 'development' ? '127.0.0.1' : '0.0.0.0');
    this.port = settings.PORT;
    this.database = Object.freeze({
      url: settings.DATABASE_URL,
      directUrl: settings.DIRECT_DATABASE_URL,
      poolSize: settings.DATABASE_POOL_SIZE,
      pooled: settings.DATABASE_POOLED,
      slowStatementMs: settings.SLOW_STATEMENT_MS,
    });
    this.apiUrl = settings.API_URL;
    this.appUrl = settings.APP_URL;
    this.appName = settings.APP_NAME;
    this.accessTokenKey = settings.ACCESS_TOKEN_PRIVATE_KEY;
    this.otherAccessTokenKeys = Object.freeze([
      ...(settings.ACCESS_TOKEN_NEXT_KEY ? [createPublicKey(settings.ACCESS_TOKEN_NEXT_KEY)] : []),
      ...(settings.ACCESS_TOKEN_PREVIOUS_KEY ? [settings.ACCESS_TOKEN_PREVIOUS_KEY] : []),
    ]);
    this.outsideIssuer = outsideIssuerOf(settings);
    this.secretKey = settings.SECRET_KEY;
    this.encryptionKeys = Object.freeze([...settings.ENCRYPTION_KEYS]);
    this.corsOrigins = Object.freeze([...settings.CORS_ORIGINS]);
    this.trustedProxies = Object.freeze([...settings.TRUSTED_PROXIES]);
    const limits =
      settings.NODE_ENV === 'production'
        ? LIMITS
        : { address: NO_LIMIT_TO_SPEAK_OF, caller: NO_LIMIT_TO_SPEAK_OF, signIn: NO_LIMIT_TO_SPEAK_OF };
    this.limits = Object.freeze({
      address: settings.RATE_LIMIT_ADDRESS ?? limits.address,
      caller: settings.RATE_LIMIT_CALLER ?? limits.caller,
      signIn: settings.RATE_LIMIT_SIGN_IN ?? limits.signIn,
    });
    this.seats = Object.freeze({
      members: settings.MEMBERS_MAX,
      teamMembers: settings.TEAMS_MAX_MEMBERS,
      countPending: settings.MEMBERS_COUNT_PENDING,
    });
    this.mail = Object.freeze({
      smtpUrl: settings.SMTP_URL,
      from: settings.MAIL_FROM,
      defaultLanguage: settings.DEFAULT_LANGUAGE,
    });
    this.metricsToken = settings.METRICS_TOKEN;
    this.logLevel = settings.LOG_LEVEL;
    Object.freeze(this);
  }

  get isProduction(): boolean {
    return this.environment === 'production';
  }

  get isDevelopment(): boolean {
    return this.environment === 'development';
  }
}

/** Another service that signs people in, such as Supabase Auth. */
export interface OutsideIssuer {
  /** The `iss` of its tokens, letter by letter. */
  readonly url: string;
  /** The `aud` that they must have. */
  readonly audience: string;
  /** Where its JSON Web Key Set is. */
  readonly keysUrl: string;
  /** Whether an address that nobody has becomes a user. */
  readonly createsUsers: boolean;
}

function outsideIssuerOf(settings: Settings): OutsideIssuer | undefined {
  const { OUTSIDE_ISSUER, OUTSIDE_ISSUER_AUDIENCE, OUTSIDE_ISSUER_JWKS_URL, OUTSIDE_ISSUER_CREATES_USERS } = settings;
  if (!OUTSIDE_ISSUER || !OUTSIDE_ISSUER_AUDIENCE || !OUTSIDE_ISSUER_JWKS_URL) return undefined;
  return Object.freeze({
    url: OUTSIDE_ISSUER,
    audience: OUTSIDE_ISSUER_AUDIENCE,
    keysUrl: OUTSIDE_ISSUER_JWKS_URL,
    createsUsers: OUTSIDE_ISSUER_CREATES_USERS,
  });
}

/** Half of an issuer would be none, and nobody would see why; our own name would take our own tokens for another's. */
function outsideIssuerFaults({
  API_URL,
  OUTSIDE_ISSUER,
  OUTSIDE_ISSUER_AUDIENCE,
  OUTSIDE_ISSUER_JWKS_URL,
}: Partial<Settings>): string[] {
  const given = [OUTSIDE_ISSUER, OUTSIDE_ISSUER_AUDIENCE, OUTSIDE_ISSUER_JWKS_URL].filter(Boolean).length;
  const isHalf = given === 1 || given === 2;
  return [
    ...(isHalf ? ['OUTSIDE_ISSUER goes with OUTSIDE_ISSUER_AUDIENCE and OUTSIDE_ISSUER_JWKS_URL'] : []),
    ...(OUTSIDE_ISSUER && OUTSIDE_ISSUER === API_URL ? ['OUTSIDE_ISSUER must not be API_URL'] : []),
  ];
}

/** All that is wrong with the environment at once, by variable; never a value. */
export class ConfigError extends Error {
  constructor(readonly faults: readonly string[]) {
    super(
      `The configuration is not usable (.env.example explains each variable):\n${faults.map((fault) => `  ${fault}`).join('\n')}`,
    );
    this.name = 'ConfigError';
  }
}

/**
 * @param environment of the process unless given; an empty variable counts as not set
 * @throws ConfigError naming every variable that is missing, bad or not fit for production
 */
export function readConfig(environment: Readonly<Record<string, string | undefined>> = process.env): Config {
  const faults: string[] = [];
  const read = Object.entries(variables).map(([name, parse]) => {
    try {
      return [name, parse(environment[name] || undefined)];
    } catch (fault) {
      faults.push(`${name} ${fault instanceof Error ? fault.message : 'is not usable'}`);
      return [name, undefined];
    }
  });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- whole unless there are faults, and then it goes no further
  const settings = Object.fromEntries(read) as Settings;
  if (faults.length === 0) faults.push(...outsideIssuerFaults(settings));
  if (settings.NODE_ENV === 'production') faults.push(...productionFaults(environment, settings));
  if (faults.length > 0) throw new ConfigError(faults);
  return new Config(settings);
}

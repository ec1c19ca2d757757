import type { Passwords } from './roles.ts';

/** Such as process.env. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The variable's value. Throws, with its name, where it is missing or empty. */
export function required(environment: Environment, name: string): string {
  const value = environment[name];
  if (value === undefined || value === '') throw new Error(`${name} is not set; .env.example says what it is for.`);
  return value;
}

/** The passwords that the given URLs carry, by the role that signs in with them. */
export function passwordsOf(environment: Environment): Passwords {
  const passwords: Passwords = {};
  for (const name of [
    'DATABASE_URL',
    'DIRECT_DATABASE_URL',
    'KEYS_DATABASE_URL',
    'OPERATOR_DATABASE_URL',
    'MIGRATION_DATABASE_URL',
  ]) {
    const { role, password } = credentials(environment[name]);
    if (password !== '' && isRole(role)) passwords[role] = password;
  }
  return passwords;
}

function credentials(url: string | undefined): { role: string; password: string } {
  if (url === undefined || url === '') return { role: '', password: '' };
  const { username, password } = new URL(url);
  return { role: decodeURIComponent(username), password: decodeURIComponent(password) };
}

function isRole(name: string): name is keyof Passwords {
  return /^tenantry_(owner|app|worker|keys|operator)$/.test(name);
}

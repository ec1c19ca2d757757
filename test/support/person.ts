import { v7 } from 'uuid';
import type { TestDatabase } from './database.ts';

/** Somebody who is signed in. */
export interface Person {
  readonly userId: string;
  readonly sessionId: string;
  /** Of another device of theirs. */
  readonly otherSessionId: string;
  readonly email: string;
}

/** Makes rows as sign-in leaves them, without going through it. */
export async function person(database: TestDatabase, name: string): Promise<Person> {
  const [userId, sessionId, otherSessionId] = [v7(), v7(), v7()];
  const email = `${userId}@example.com`;
  await database.query(
    `with u as (insert into users (id, email, email_key, name) values ($1, $2, $2, $3) returning id)
     insert into sessions (user_id, id, expires_at, authentication_methods, ip_address)
       select id, unnest(array[$4, $5]::uuid[]), now() + interval '30 days', '{pwd}', '127.0.0.1' from u`,
    [userId, email, name, sessionId, otherSessionId],
  );
  return { userId, sessionId, otherSessionId, email };
}

import type { Response } from 'supertest';

/** @returns the body without what differs from request to request: two refusals that must not be told apart are equal by it */
export function indistinct({ body, text }: Response): string {
  return text.replace(JSON.stringify(body.request_id), '""').replace(JSON.stringify(body.instance), '""');
}

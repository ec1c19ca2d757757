import { SetMetadata } from '@nestjs/common';

export const SINGLE_USE_KEY = 'tenantry:single-use';

/**
 * On a POST, or on all of a controller: an Idempotency-Key is not honoured.
 * @param why what keeps a second call from having a second effect, for the reader
 */
export function SingleUse(why: string): ClassDecorator & MethodDecorator {
  return SetMetadata(SINGLE_USE_KEY, why);
}

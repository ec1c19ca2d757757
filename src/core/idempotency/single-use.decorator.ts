import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';

export const SINGLE_USE_KEY = 'x-single-use';

/**
 * On a POST, or on all of a controller: an Idempotency-Key is not honoured.
 * @param why what keeps a second call from having a second effect, for the reader
 */
export function SingleUse(why: string): ClassDecorator & MethodDecorator {
  return applyDecorators(SetMetadata(SINGLE_USE_KEY, why), ApiExtension(SINGLE_USE_KEY, why));
}

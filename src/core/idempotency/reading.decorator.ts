import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';

export const READING_KEY = 'x-reading';

/**
 * On a POST that is one for its body's sake alone: it reads, and changes nothing. What it answers is judged anew at a replay, by the
 * handler too.
 */
export function Reading(): MethodDecorator {
  return applyDecorators(SetMetadata(READING_KEY, true), ApiExtension(READING_KEY, true));
}

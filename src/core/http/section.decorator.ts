import { applyDecorators } from '@nestjs/common';
import { ApiExtension, ApiTags } from '@nestjs/swagger';

/** Of an operation, before the sections are listed in the head of the document. */
export const SECTION = 'x-section' as const;

/** Where a controller's routes stand in the document, and what they are about, in one sentence. */
export function Section(name: string, description: string): ClassDecorator {
  return applyDecorators(ApiTags(name), ApiExtension(SECTION, description));
}

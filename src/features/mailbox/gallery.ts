import { Injectable } from '@nestjs/common';
import { Config } from '../../config/index.ts';
import { type Language, render, type Rendered, samples } from '../../core/mail/index.ts';

export interface Specimen extends Rendered {
  readonly template: string;
}

/** Every mail that there is, for who writes their texts. */
@Injectable()
export class Gallery {
  constructor(private readonly config: Config) {}

  show(language: Language): Specimen[] {
    const { appName, appUrl } = this.config;
    return samples(`${appUrl}/page#token=of-no-use`).map((content) => ({
      template: content.template,
      ...render(content, language, appName),
    }));
  }
}

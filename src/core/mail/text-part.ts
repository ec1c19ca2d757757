import type { Letter } from './templates.ts';

/** Below 78 characters a line is broken by no one else (RFC 5322, 2.1.1). */
const LINES = /(.{1,76})(?: |$)/gu;

/** A letter as plain text: the same words in the same order as its HTML, each link whole on a line of its own. */
export function textPart({ app, greeting, letter }: { app: string; greeting: string; letter: Letter }): string {
  const { action, paragraphs, footnote } = letter;
  const button = action ? [`${action.label}:\n${action.link}`] : [];
  const blocks = [app, greeting, ...paragraphs].map(wrapped);
  return `${[...blocks, ...button, wrapped(footnote)].join('\n\n')}\n`;
}

/** A word that is longer than a line stays whole. */
function wrapped(text: string): string {
  return text.replace(LINES, '$1\n').trimEnd();
}

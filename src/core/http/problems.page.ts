import type { ProblemExplanation } from './problems.controller.ts';

const STYLE =
  'body{margin:2rem auto;max-width:44rem;padding:0 1rem;font:16px/1.5 sans-serif}code{background:#eee;padding:0 .2em}';

/** All texts come from the catalogue, so there is nothing to escape. */
export function problemsPage(explanations: readonly ProblemExplanation[]): string {
  const items = explanations.map(({ type, code, status, title }) => {
    return `<li>${status} <a href="${type}"><code>${code}</code></a> ${title}</li>`;
  });
  return page('Problems', `<ul>${items.join('')}</ul>`);
}

export function problemPage({ code, status, title, detail, errors = [] }: ProblemExplanation): string {
  const faults = errors.map((fault) => `<dt><code>${fault.code}</code></dt><dd>${fault.detail}</dd>`);
  const list = faults.length > 0 ? `<p>The codes of its <code>errors</code>:</p><dl>${faults.join('')}</dl>` : '';
  return page(
    title,
    `<p>Status ${status}, code <code>${code}</code></p><p>${detail}</p>${list}<p><a href="/problems">All</a></p>`,
  );
}

function page(title: string, content: string): string {
  const head = `<meta charset="utf-8"><title>${title}</title><style>${STYLE}</style>`;
  return `<!doctype html><html lang="en"><head>${head}</head><body><h1>${title}</h1>${content}</body></html>`;
}

/**
 * A model's bare name: without provider (`openai/…`, `anthropic:…`), region and fine-tuning around it, and with Claude's
 * version as Anthropic writes it (`4-8`, where others write `4.8`).
 */
export const bareModelName = (model: string): string => {
  // One model is asked about again and again: its name is taken apart once.
  if (last.model !== model) last = { model, bare: takenApart(model) };
  return last.bare;
};

let last = { model: '', bare: '' };

const takenApart = (model: string): string => {
  const name = model.startsWith('ft:') ? (model.split(':')[1] ?? '') : model;
  return name
    .slice(name.lastIndexOf('/') + 1)
    .replace(/^[a-z-]+:/u, '')
    .replace(/^(?:[a-z]+\.)?anthropic\./u, '')
    .replace(/^(claude-.*\d)\.(?=\d)/u, '$1-')
    .toLowerCase();
};

/** A date (`-2025-08-07`, `-20250929`, `@20250929`), a Bedrock version (`-v1:0`) or `-latest` at the end of a name. */
const datedEnding = /(?:[-@]\d{4}-?\d{2}-?\d{2})?(?:-v\d+(?::\d+)?)?$|-latest$/u;

/** The name of the family that a dated model belongs to: `gpt-5-mini-2025-08-07` is a `gpt-5-mini`. */
export const modelFamily = (model: string): string => bareModelName(model).replace(datedEnding, '');

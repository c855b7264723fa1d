import { PipewrightError, isRecord } from '../core/index.js';
import { checkLabel, checkTag } from './keys.js';
import { isCount, type StateForm } from './state.js';
import type { FactsChange, PromptFacts } from './types.js';

export const noFacts: PromptFacts = { tags: [], labels: {} };

export const factsForm: StateForm<PromptFacts> = {
  what: 'facts of a prompt',
  read: ({ description, tags, labels }) => {
    const isGood =
      (description === undefined || typeof description === 'string') &&
      Array.isArray(tags) &&
      tags.every((tag) => typeof tag === 'string') &&
      isRecord(labels) &&
      Object.values(labels).every(isCount);
    if (!isGood) return undefined;
    return {
      ...(description === undefined ? {} : { description }),
      tags,
      labels: labels as PromptFacts['labels'],
    };
  },
  write: (facts) => facts,
};

/** @throws {PipewrightError} `bad-input` for a tag or a label that cannot be one. */
export const changedFacts = (before: PromptFacts, { description, tags, labels = {} }: FactsChange): PromptFacts => {
  if (description !== undefined && typeof description !== 'string') {
    throw new PipewrightError('bad-input', `A description must be text, got a value of type ${typeof description}.`);
  }
  for (const tag of tags ?? []) checkTag(tag);
  for (const label of Object.keys(labels)) checkLabel(label);
  const moved = new Map<string, number | undefined>([...Object.entries(before.labels), ...Object.entries(labels)]);
  const text = description ?? before.description;
  return {
    ...(text === undefined || text === '' ? {} : { description: text }),
    tags: tags === undefined ? before.tags : [...new Set(tags)].sort(),
    labels: Object.fromEntries([...moved].filter((entry): entry is [string, number] => entry[1] !== undefined).sort()),
  };
};

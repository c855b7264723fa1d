import { fromJson, type Json, toJson } from '../core/index.js';
import { hashOf, isContent } from './content.js';
import { isCount, isFigure, type StateForm } from './state.js';
import type { PromptVersion } from './types.js';

const isTextOrNone = (value: unknown): value is string | undefined => value === undefined || typeof value === 'string';

/** A version in a store. Its hash tells whether the content is still what was saved. */
export const versionForm: StateForm<PromptVersion> = {
  what: 'prompt version',
  read: ({ name, number, content: json, hash, createdMs, author, note }) => {
    const content = fromJson((json ?? null) as Json);
    if (typeof name !== 'string' || !isCount(number) || !isContent(content) || !isFigure(createdMs)) return undefined;
    if (!isTextOrNone(author) || !isTextOrNone(note) || hash !== hashOf(content)) return undefined;
    return {
      name,
      version: number,
      content,
      hash,
      createdMs,
      ...(author === undefined ? {} : { author }),
      ...(note === undefined ? {} : { note }),
    };
  },
  write: ({ version, content, ...rest }) => ({ ...rest, number: version, content: toJson(content, { isExact: true }) }),
};

import type { Document, Metadata } from './document.js';
import { PipewrightError } from './errors.js';

const isPlain = (value: unknown): boolean =>
  value === null ||
  typeof value === 'string' ||
  typeof value === 'boolean' ||
  (typeof value === 'number' && Number.isFinite(value));

const checkMetadata = (id: string, metadata: Metadata): void => {
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata)) {
    throw new PipewrightError('bad-input', `The metadata of \`${id}\` must be a plain object.`);
  }
  for (const [field, value] of Object.entries(metadata)) {
    if (isPlain(value) || (Array.isArray(value) && value.every((member) => member !== null && isPlain(member))))
      continue;
    throw new PipewrightError(
      'bad-input',
      `The metadata field \`${field}\` of \`${id}\` must be a string, a finite number, a boolean, null, or a list of these.`,
    );
  }
};

/**
 * Throws `bad-input` unless id, text, title and metadata are what they must be: every store checks what it is given with this.
 * `position` is the entry's place in its call, from 0.
 * @example checkDocument({ id: 'a', text: 'Hello' }, 0) // => undefined
 */
export const checkDocument = (entry: Document, position: number): void => {
  if (typeof entry !== 'object' || entry === null || typeof entry.id !== 'string' || entry.id === '') {
    throw new PipewrightError(
      'bad-input',
      `The entry at position ${position} needs an \`id\`: a text that is not empty.`,
    );
  }
  if (typeof entry.text !== 'string') {
    throw new PipewrightError('bad-input', `The entry \`${entry.id}\` needs a \`text\`, got ${typeof entry.text}.`);
  }
  if (entry.title !== undefined && typeof entry.title !== 'string') {
    throw new PipewrightError(
      'bad-input',
      `The \`title\` of \`${entry.id}\` must be a text, got ${typeof entry.title}.`,
    );
  }
  if (entry.metadata !== undefined) checkMetadata(entry.id, entry.metadata);
};

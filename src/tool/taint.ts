import { type Message, type Part, partsOf, type RunKey, runKey } from '../core/index.js';

/** Where the untrusted text came from that stands before a model, for the policies of toolboxes. */
export const taintKey: RunKey<readonly string[]> = runKey('taint');

const originOf = (part: Part): string | undefined => {
  if (part.type === 'source') return 'sources';
  return part.type === 'tool-result' && part.isUntrusted === true ? part.name : undefined;
};

/**
 * Where the untrusted text in a conversation came from: the names of tools whose results come from outside, and `sources` for
 * passages that were put before the model. Each once, in the order in which they came.
 * @example taintOf([{ role: 'user', content: 'Hello' }]) // => []
 */
export const taintOf = (messages: readonly Message[]): readonly string[] => {
  const origins = new Set<string>();
  for (const message of messages) {
    for (const part of partsOf(message)) {
      const origin = originOf(part);
      if (origin !== undefined) origins.add(origin);
    }
  }
  return [...origins];
};

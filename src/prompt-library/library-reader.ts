import { checkAtLeast, PipewrightError, type Store } from '../core/index.js';
import { factsForm, noFacts } from './facts.js';
import { checkName, factsKey, factsPrefix, nameOf, versionKey, versionRange } from './keys.js';
import { decodeState, loadState } from './state.js';
import type { ListedPrompt, ListOptions, PromptFacts, PromptPage, PromptVersion, VersionChoice } from './types.js';
import { versionForm } from './version.js';

const notFound = (name: string, what: string): PipewrightError =>
  new PipewrightError('not-found', `The prompt \`${name}\` ${what}`, { details: { where: name } });

/** What is read from the store, without looking whether it is there. */
const records = (store: Store) => ({
  versionsBelow: async function* (
    name: string,
    before: number | undefined,
    limit: number,
  ): AsyncGenerator<PromptVersion> {
    for await (const [key, bytes] of store.range({ ...versionRange(name, before), limit, isReversed: true })) {
      yield decodeState(versionForm, key, bytes);
    }
  },
  numbered: (name: string, version: number): Promise<PromptVersion | undefined> =>
    loadState(versionForm, store, versionKey(name, version)),
  factsOf: (name: string): Promise<PromptFacts | undefined> => loadState(factsForm, store, factsKey(name)),
});

/** Reading: everything that needs no more than the store. */
export interface LibraryReader extends ReturnType<typeof records> {
  readonly latestOf: (name: string) => Promise<PromptVersion | undefined>;
  readonly get: (name: string, which?: VersionChoice) => Promise<PromptVersion>;
  readonly facts: (name: string) => Promise<PromptFacts>;
  readonly list: (options?: ListOptions) => Promise<PromptPage>;
}

export const libraryReader = (store: Store): LibraryReader => {
  const { versionsBelow, numbered, factsOf } = records(store);
  const latestOf = async (name: string): Promise<PromptVersion | undefined> => {
    for await (const version of versionsBelow(name, undefined, 1)) return version;
    return undefined;
  };

  const labelled = async (name: string, label: string): Promise<PromptVersion> => {
    const { labels } = (await factsOf(name)) ?? noFacts;
    const number = Object.hasOwn(labels, label) ? labels[label] : undefined;
    const found = number === undefined ? undefined : await numbered(name, number);
    if (found !== undefined) return found;
    throw notFound(name, `has no label \`${label}\`. Its labels: ${Object.keys(labels).join(', ') || 'none'}.`);
  };

  const get = async (name: string, which?: VersionChoice): Promise<PromptVersion> => {
    checkName(name);
    if (typeof which === 'string') return labelled(name, which);
    const isNumber = Number.isSafeInteger(which) && (which as number) >= 1;
    const found = which === undefined ? await latestOf(name) : isNumber ? await numbered(name, which) : undefined;
    if (found !== undefined) return found;
    throw notFound(
      name,
      which === undefined ? 'is not in the library. Save it first.' : `has no version ${which} in the library.`,
    );
  };

  const list = async ({ tag, label, limit = 50, after }: ListOptions = {}): Promise<PromptPage> => {
    checkAtLeast('limit', limit, 1);
    const prompts: ListedPrompt[] = [];
    const from = after === undefined ? factsPrefix : `${factsKey(after)}\0`;
    for await (const [key, bytes] of store.range({ from, to: `${factsPrefix}\u{10ffff}` })) {
      const found = decodeState(factsForm, key, bytes);
      if (tag !== undefined && !found.tags.includes(tag)) continue;
      if (label !== undefined && !Object.hasOwn(found.labels, label)) continue;
      const name = nameOf(key);
      // Without a version it was deleted while somebody wrote.
      const latest = await latestOf(name);
      if (latest === undefined) continue;
      if (prompts.length >= limit) return { prompts, next: prompts.at(-1)?.name as string };
      prompts.push({ name, ...found, latest });
    }
    return { prompts };
  };

  const facts = async (name: string): Promise<PromptFacts> => {
    await get(name);
    return (await factsOf(name)) ?? noFacts;
  };
  return { versionsBelow, numbered, factsOf, latestOf, get, facts, list };
};

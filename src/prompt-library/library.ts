import {
  checkAtLeast,
  createRun,
  defineStepWith,
  PipewrightError,
  type Run,
  runKey,
  type Store,
} from '../core/index.js';
import { accumulator } from './accumulator.js';
import { contentOf, contentText, hashOf, plainText, type RenderStep, renderStep } from './content.js';
import { diffText } from './diff.js';
import { changedFacts, factsForm, noFacts } from './facts.js';
import { checkName, factsKey, factsPrefix, nameOf, statsKey, statsKeyOf, versionKey, versionRange } from './keys.js';
import { changeState, decodeState, encodeState, isCount, isFigure, loadState } from './state.js';
import { checkOutcome, plusOutcome, statsForm, statsOf } from './stats.js';
import type {
  FactsChange,
  ListedPrompt,
  ListOptions,
  PromptFacts,
  PromptLibrary,
  PromptLibraryOptions,
  PromptVersion,
  VersionChoice,
  VersionRef,
} from './types.js';
import { versionForm } from './version.js';

/** Who wants to know which versions a run has used. */
export const usedVersions: ReturnType<typeof runKey<(used: VersionRef) => void>> = runKey('prompt versions used');

const notFound = (name: string, what: string): PipewrightError =>
  new PipewrightError('not-found', `The prompt \`${name}\` ${what}`, { details: { where: name } });

/** Reading: everything that needs no more than the store. */
const readers = (store: Store) => {
  const versionsBelow = async function* (
    name: string,
    before: number | undefined,
    limit: number,
  ): AsyncGenerator<PromptVersion> {
    for await (const [key, bytes] of store.range({ ...versionRange(name, before), limit, isReversed: true }))
      yield decodeState(versionForm, key, bytes);
  };
  const latestOf = async (name: string): Promise<PromptVersion | undefined> => {
    for await (const version of versionsBelow(name, undefined, 1)) return version;
    return undefined;
  };
  const factsOf = (name: string): Promise<PromptFacts | undefined> => loadState(factsForm, store, factsKey(name));
  const numbered = (name: string, version: number): Promise<PromptVersion | undefined> =>
    loadState(versionForm, store, versionKey(name, version));

  const get = async (name: string, which?: VersionChoice): Promise<PromptVersion> => {
    checkName(name);
    if (which === undefined) {
      const latest = await latestOf(name);
      if (latest === undefined) throw notFound(name, 'is not in the library. Save it first.');
      return latest;
    }
    const labels = typeof which === 'string' ? ((await factsOf(name)) ?? noFacts).labels : {};
    const number = typeof which === 'number' ? which : Object.hasOwn(labels, which) ? labels[which] : undefined;
    const isNumber = number !== undefined && Number.isSafeInteger(number) && number >= 1;
    const found = isNumber ? await numbered(name, number) : undefined;
    if (found !== undefined) return found;
    const has = Object.keys(labels).join(', ') || 'none';
    throw notFound(
      name,
      typeof which === 'number'
        ? `has no version ${which} in the library.`
        : `has no label \`${which}\`. Its labels: ${has}.`,
    );
  };

  const facts = async (name: string): Promise<PromptFacts> => {
    await get(name);
    return (await factsOf(name)) ?? noFacts;
  };

  const list = async ({ tag, label, limit = 50, after }: ListOptions = {}) => {
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

  return { versionsBelow, latestOf, numbered, get, facts, list };
};

type Readers = ReturnType<typeof readers>;

/** Writing: a version is claimed by its number, and only one writer gets each. */
const writers = (store: Store, { latestOf, numbered, get }: Readers) => {
  const claim = async (version: PromptVersion): Promise<boolean> =>
    store.compareAndSet(versionKey(version.name, version.version), undefined, encodeState(versionForm, version));

  const changeFacts = (name: string, change: FactsChange, run: Run): Promise<PromptFacts> =>
    changeState(factsForm, store, factsKey(name), (before) => changedFacts(before ?? noFacts, change), run);

  /** The version that holds the content: the latest when it does already, else the next number that nobody else takes. */
  const append = async (draft: Omit<PromptVersion, 'version'>, run: Run): Promise<PromptVersion> => {
    for (;;) {
      run.throwIfAborted();
      const latest = await latestOf(draft.name);
      if (latest?.hash === draft.hash) return latest;
      const version = { ...draft, version: (latest?.version ?? 0) + 1 };
      if (await claim(version)) return version;
    }
  };

  const save: PromptLibrary['save'] = async (name, given, options = {}, run = createRun()) => {
    const { author, note, description, tags, labels = [] } = options;
    checkName(name);
    renderStep(given);
    const facts = { ...(description === undefined ? {} : { description }), ...(tags === undefined ? {} : { tags }) };
    // What is wrong with them is found before anything is written.
    changedFacts(noFacts, { ...facts, labels: Object.fromEntries(labels.map((label) => [label, 1])) });
    const content = contentOf(contentText(given));
    const draft = {
      name,
      content,
      hash: hashOf(content),
      createdMs: run.clock.now(),
      ...(author === undefined ? {} : { author }),
      ...(note === undefined ? {} : { note }),
    };
    const saved = await append(draft, run);
    await changeFacts(
      name,
      { ...facts, labels: Object.fromEntries(labels.map((label) => [label, saved.version])) },
      run,
    );
    return saved;
  };

  const restore: PromptLibrary['restore'] = async (version, run = createRun()) => {
    const { name, version: number, content } = version;
    checkName(name);
    renderStep(content);
    if (!isCount(number) || number === 0 || !isFigure(version.createdMs)) {
      const message = `A version of \`${name}\` to restore must have a number from 1 and a time, got ${number} and ${version.createdMs}.`;
      throw new PipewrightError('bad-input', message);
    }
    const draft = { ...version, hash: hashOf(content) };
    const found = await numbered(name, number);
    const isThere = found?.hash === draft.hash;
    const put = isThere ? found : found === undefined && (await claim(draft)) ? draft : await append(draft, run);
    await changeFacts(name, {}, run);
    return put;
  };

  const change: PromptLibrary['change'] = async (name, wanted, run = createRun()) => {
    await get(name);
    for (const version of Object.values(wanted.labels ?? {})) if (version !== undefined) await get(name, version);
    return changeFacts(name, wanted, run);
  };

  const remove: PromptLibrary['delete'] = async (name, run = createRun()) => {
    checkName(name);
    // By their keys alone, so that a damaged one can be deleted too.
    const versions: string[] = [];
    for await (const [key] of store.range(versionRange(name))) versions.push(key);
    run.throwIfAborted();
    const keys = [factsKey(name), ...versions.flatMap((key) => [key, statsKeyOf(key)])];
    await store.write(keys.map((key) => ({ type: 'delete', key })));
    return versions.length > 0;
  };

  return { save, restore, change, delete: remove };
};

/** A prompt of the library as a step. Versions never change, so what was made of the last one is kept. */
const stepOf = (get: Readers['get'], name: string, which: VersionChoice | undefined): RenderStep => {
  checkName(name);
  let last: { readonly version: PromptVersion; readonly step: RenderStep } | undefined;
  const info = { kind: 'library-prompt', name, details: { version: which ?? 'latest' } };
  const props = {
    get variables() {
      return last?.step.variables ?? [];
    },
  };
  return defineStepWith(info, props, async (values: Readonly<Record<string, unknown>>, run: Run) => {
    const isFixed = typeof which === 'number' && last !== undefined;
    const version = isFixed ? last?.version : await get(name, which);
    if (version === undefined) throw notFound(name, 'is not in the library.');
    if (last?.version.hash !== version.hash || last.version.version !== version.version) {
      last = { version, step: renderStep(version.content) };
    }
    run.get(usedVersions)?.({ name, version: version.version });
    return last.step(values, run);
  });
};

/**
 * Opens a library of prompts in a store.
 * @throws nothing by itself; see `PromptLibrary` for its functions.
 * @example
 * const library = promptLibrary({ store: memoryStore() });
 * await library.save('greeting', 'Say hello to {name}.');
 * await library.prompt('greeting')({ name: 'Ann' }) // => 'Say hello to Ann.'
 */
export const promptLibrary = ({ store }: PromptLibraryOptions): PromptLibrary => {
  const reading = readers(store);
  const { get, facts, list } = reading;
  const writing = writers(store, reading);
  const statistics = accumulator(store, statsForm, plusOutcome);
  return {
    ...writing,
    get,
    facts,
    list,
    versions: async (name, { limit = 50, before } = {}) => {
      checkName(name);
      checkAtLeast('limit', limit, 1);
      const found: PromptVersion[] = [];
      for await (const version of reading.versionsBelow(name, before, limit)) found.push(version);
      return found;
    },
    rollBack: async (name, to, options = {}, run) => {
      const { content, version } = await get(name, to);
      return writing.save(name, content, { note: `Back to version ${version}.`, ...options }, run);
    },
    diff: async (name, from, to) =>
      diffText(plainText((await get(name, from)).content), plainText((await get(name, to)).content)),
    prompt: (name, which) => stepOf(get, name, which),
    record: async ({ name, version }, outcome) => {
      checkOutcome(outcome);
      await get(name, version);
      await statistics.add(statsKey(name, version), outcome);
    },
    stats: async (name, which) => {
      const { version } = await get(name, which);
      return statsOf(await loadState(statsForm, store, statsKey(name, version)));
    },
  };
};

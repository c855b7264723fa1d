import { checkAtLeast, defineStepWith, type Run, runKey } from '../core/index.js';
import { accumulator } from './accumulator.js';
import { plainText, type RenderStep, renderStep } from './content.js';
import { diffText } from './diff.js';
import { checkName, statsKey } from './keys.js';
import { type LibraryReader, libraryReader } from './library-reader.js';
import { libraryWriter } from './library-writer.js';
import { loadState } from './state.js';
import { checkOutcome, plusOutcome, statsForm, statsOf } from './stats.js';
import type { PromptLibrary, PromptLibraryOptions, PromptVersion, VersionChoice, VersionRef } from './types.js';

/** Who wants to know which versions a run has used. */
export const usedVersions: ReturnType<typeof runKey<(used: VersionRef) => void>> = runKey('prompt versions used');

/** A prompt of the library as a step. Versions never change, so what was made of the last one is kept. */
const stepOf = (get: LibraryReader['get'], name: string, which: VersionChoice | undefined): RenderStep => {
  checkName(name);
  let last: { readonly version: PromptVersion; readonly step: RenderStep } | undefined;
  const info = { kind: 'library-prompt', name, details: { version: which ?? 'latest' } };
  const props = {
    get variables() {
      return last?.step.variables ?? [];
    },
  };
  return defineStepWith(info, props, async (values: Readonly<Record<string, unknown>>, run: Run) => {
    // A numbered version never changes: once read, it needs no store.
    const version = typeof which === 'number' && last !== undefined ? last.version : await get(name, which);
    if (last?.version.hash !== version.hash || last.version.version !== version.version) {
      last = { version, step: renderStep(version.content) };
    }
    run.get(usedVersions)?.({ name, version: version.version });
    return last.step(values, run);
  });
};

/**
 * Opens a library of prompts in a store.
 * @example
 * const library = promptLibrary({ store: memoryStore() });
 * await library.save('greeting', 'Say hello to {name}.');
 * await library.prompt('greeting')({ name: 'Ann' }) // => 'Say hello to Ann.'
 */
export const promptLibrary = ({ store }: PromptLibraryOptions): PromptLibrary => {
  const reading = libraryReader(store);
  const { get, facts, list } = reading;
  const writing = libraryWriter(store, reading);
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

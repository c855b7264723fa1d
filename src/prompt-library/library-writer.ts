import { createRun, PipewrightError, type Run, type Store } from '../core/index.js';
import { contentOf, contentText, hashOf, renderStep } from './content.js';
import { changedFacts, factsForm, noFacts } from './facts.js';
import { checkName, factsKey, statsKeyOf, versionKey, versionRange } from './keys.js';
import type { LibraryReader } from './library-reader.js';
import { changeState, encodeState, isCount, isFigure } from './state.js';
import type { FactsChange, PromptFacts, PromptLibrary, PromptVersion, SaveOptions } from './types.js';
import { versionForm } from './version.js';

/** Single changes of the store: a version is claimed by its number, and only one writer gets each. */
const recordWriter = (store: Store, { latestOf }: LibraryReader) => {
  const claim = async (version: PromptVersion): Promise<boolean> =>
    store.compareAndSet(versionKey(version.name, version.version), undefined, encodeState(versionForm, version));
  return {
    claim,
    changeFacts: (name: string, change: FactsChange, run: Run): Promise<PromptFacts> =>
      changeState(factsForm, store, factsKey(name), (before) => changedFacts(before ?? noFacts, change), run),
    /** The version that holds the content: the latest when it does already, else the next number that nobody else takes. */
    append: async (draft: Omit<PromptVersion, 'version'>, run: Run): Promise<PromptVersion> => {
      for (;;) {
        run.throwIfAborted();
        const latest = await latestOf(draft.name);
        if (latest?.hash === draft.hash) return latest;
        const version = { ...draft, version: (latest?.version ?? 0) + 1 };
        if (await claim(version)) return version;
      }
    },
  };
};

const checkRestored = ({ name, version, createdMs }: PromptVersion): void => {
  if (isCount(version) && version > 0 && isFigure(createdMs)) return;
  const message = `A version of \`${name}\` to restore must have a number from 1 and a time, got ${version} and ${createdMs}.`;
  throw new PipewrightError('bad-input', message);
};

const factsIn = ({ description, tags, labels = [] }: SaveOptions, version: number): FactsChange => ({
  ...(description === undefined ? {} : { description }),
  ...(tags === undefined ? {} : { tags }),
  labels: Object.fromEntries(labels.map((label) => [label, version])),
});

/** Writing. Facts are written behind the version, so that a crash never leaves a label without one. */
export const libraryWriter = (
  store: Store,
  reader: LibraryReader,
): Pick<PromptLibrary, 'save' | 'restore' | 'change' | 'delete'> => {
  const { claim, changeFacts, append } = recordWriter(store, reader);
  return {
    save: async (name, given, options = {}, run = createRun()) => {
      const { author, note } = options;
      checkName(name);
      renderStep(given);
      // What is wrong with the facts is found before anything is written.
      changedFacts(noFacts, factsIn(options, 1));
      const content = contentOf(contentText(given));
      const said = { ...(author === undefined ? {} : { author }), ...(note === undefined ? {} : { note }) };
      const saved = await append({ name, content, hash: hashOf(content), createdMs: run.clock.now(), ...said }, run);
      await changeFacts(name, factsIn(options, saved.version), run);
      return saved;
    },
    restore: async (version, run = createRun()) => {
      const { name, content } = version;
      checkName(name);
      renderStep(content);
      checkRestored(version);
      const draft = { ...version, hash: hashOf(content) };
      const found = await reader.numbered(name, version.version);
      const isThere = found?.hash === draft.hash;
      const put = isThere ? found : found === undefined && (await claim(draft)) ? draft : await append(draft, run);
      await changeFacts(name, {}, run);
      return put;
    },
    change: async (name, wanted, run = createRun()) => {
      await reader.get(name);
      for (const version of Object.values(wanted.labels ?? {})) {
        if (version !== undefined) await reader.get(name, version);
      }
      return changeFacts(name, wanted, run);
    },
    delete: async (name, run = createRun()) => {
      checkName(name);
      // By their keys alone, so that a damaged one can be deleted too.
      const versions: string[] = [];
      for await (const [key] of store.range(versionRange(name))) versions.push(key);
      run.throwIfAborted();
      const keys = [factsKey(name), ...versions.flatMap((key) => [key, statsKeyOf(key)])];
      await store.write(keys.map((key) => ({ type: 'delete', key })));
      return versions.length > 0;
    },
  };
};

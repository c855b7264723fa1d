import {
  checkAtLeast,
  createLock,
  defineStep,
  embedTexts,
  type Embedder,
  PipewrightError,
  type Run,
  type Step,
} from '../core/index.js';
import { bm25 } from '../keyword/index.js';
import { plainText } from './content.js';
import type { ListedPrompt, PromptLibrary } from './types.js';

/** What each part of a recommendation counts for. They are made to add up to 1. */
export interface RecommendWeights {
  /** Shared words, by BM25. @default 1 */
  readonly words?: number;
  /** Nearness in meaning, by the embedder. @default 1 with an embedder */
  readonly meaning?: number;
  /** Recorded quality of the latest version. @default 0.5 */
  readonly quality?: number;
}

export interface RecommendOptions {
  /** Compares meaning beside words. @default words alone */
  readonly embedder?: Embedder;
  readonly weights?: RecommendWeights;
  /** How many at most. @default 5 */
  readonly k?: number;
  /** Only prompts with this tag. */
  readonly tag?: string;
}

export interface RecommendedPrompt extends ListedPrompt {
  /** From 0 to 1: the parts below by their weights. */
  readonly score: number;
  /** Each from 0 to 1; the best match in words has 1, and a quality that nobody recorded is taken for one half. */
  readonly parts: { readonly words: number; readonly meaning: number; readonly quality: number };
}

const resolve = ({ embedder, weights = {}, k = 5 }: RecommendOptions) => {
  const { words = 1, meaning = embedder === undefined ? 0 : 1, quality = 0.5 } = weights;
  checkAtLeast('k', k, 1);
  for (const [name, weight] of Object.entries({ words, meaning, quality })) {
    checkAtLeast(`weights.${name}`, weight, 0);
  }
  const sum = words + meaning + quality;
  if (!(words + meaning > 0) || sum === Infinity || (meaning > 0 && embedder === undefined)) {
    throw new PipewrightError(
      'bad-option',
      '`words` or `meaning` must weigh something, finite, and `meaning` needs an `embedder`.',
    );
  }
  return { k, words: words / sum, meaning: meaning / sum, quality: quality / sum };
};

/** A quality that counts as if two uses more had been half right: one good use is not yet a good prompt. */
const priorUses = 2;

const qualityOf = async (library: PromptLibrary, { name, latest }: ListedPrompt): Promise<number> => {
  const { quality } = await library.stats(name, latest.version);
  const { count = 0, mean = 0 } = quality ?? {};
  return Math.min(1, Math.max(0, (count * mean + priorUses / 2) / (count + priorUses)));
};

const searchText = ({ tags, description, latest }: ListedPrompt): string =>
  [description ?? '', tags.join(' '), plainText(latest.content)].join('\n');

const allOf = async (library: PromptLibrary, tag: string | undefined, run: Run): Promise<readonly ListedPrompt[]> => {
  const all: ListedPrompt[] = [];
  for (let after: string | undefined; ; ) {
    run.throwIfAborted();
    const narrow = { ...(tag === undefined ? {} : { tag }), ...(after === undefined ? {} : { after }) };
    const page = await library.list({ limit: 200, ...narrow });
    all.push(...page.prompts);
    if (page.next === undefined) return all;
    after = page.next;
  }
};

const dot = (a: Float32Array, b: Float32Array): number => {
  let sum = 0;
  for (let at = 0; at < a.length; at++) sum += (a[at] as number) * (b[at] as number);
  return sum;
};

/** Vectors of texts; each is made once while the text is in use. */
const vectorShelf = (embedder: Embedder) => {
  let known = new Map<string, Float32Array>();
  return async (texts: readonly string[], query: string, run: Run): Promise<readonly number[]> => {
    const missing = [...new Set(texts)].filter((text) => !known.has(text));
    const [own, ...vectors] = await embedTexts(embedder, [query, ...missing], run);
    const made = new Map(missing.map((text, index) => [text, vectors[index] as Float32Array]));
    known = new Map(texts.map((text) => [text, (made.get(text) ?? known.get(text)) as Float32Array]));
    return texts.map((text) => dot(own as Float32Array, known.get(text) as Float32Array));
  };
};

/** How well each prompt matches by words; the best has 1. */
const wordShelf = () => {
  const index = bm25();
  const lock = createLock();
  const indexed = new Map<string, string>();
  return (prompts: readonly ListedPrompt[], texts: readonly string[], query: string, run: Run) =>
    lock.run(async () => {
      const keywords = await index;
      const changed = prompts.flatMap((prompt, at) => {
        const text = texts[at] as string;
        const title = prompt.name.replaceAll(/[-_/.]+/g, ' ');
        return indexed.get(prompt.name) === text ? [] : [{ id: prompt.name, title, text }];
      });
      const names = new Set(prompts.map(({ name }) => name));
      const gone = [...indexed.keys()].filter((name) => !names.has(name));
      await keywords.upsert(changed, run);
      for (const { id, text } of changed) indexed.set(id, text);
      await keywords.delete(gone, run);
      for (const name of gone) indexed.delete(name);
      const hits = await keywords.search(query, { k: Math.max(1, prompts.length) }, run);
      const best = hits[0]?.score ?? 1;
      return new Map(hits.map(({ id, score }) => [id, score / best]));
    }, run.signal);
};

/**
 * A step from what somebody wants to do, in their words, to the prompts of the library that fit best: by the words of name,
 * description, tags and template, by meaning when it has an embedder, and by the quality recorded for the latest version. The
 * library is read anew at each call; what has not changed is not analysed or embedded again.
 * @throws {PipewrightError} `bad-option` when no weight is left for words or meaning.
 * @example
 * const library = promptLibrary({ store: memoryStore() });
 * await library.save('translate', 'Translate into {language}: {text}');
 * await library.save('refund', 'Answer a customer who wants money back: {mail}');
 * (await recommend(library)('a letter must be translated'))[0]?.name // => 'translate'
 */
export const recommend = (
  library: PromptLibrary,
  options: RecommendOptions = {},
): Step<string, readonly RecommendedPrompt[]> => {
  const weights = resolve(options);
  const { embedder, tag } = options;
  const wordScores = wordShelf();
  const meaningScores = embedder === undefined ? undefined : vectorShelf(embedder);
  const info = {
    kind: 'recommend',
    details: { k: weights.k, words: weights.words, meaning: weights.meaning, quality: weights.quality },
    children: embedder === undefined ? [] : [{ label: 'embedder', step: embedder }],
  };
  return defineStep(info, async (task, run) => {
    const prompts = await allOf(library, tag, run);
    if (prompts.length === 0 || task.trim() === '') return [];
    const texts = prompts.map(searchText);
    const words = await wordScores(prompts, texts, task, run);
    const meanings = (await meaningScores?.(texts, task, run)) ?? [];
    const fitting = prompts.flatMap((prompt, at) => {
      const parts = { words: words.get(prompt.name) ?? 0, meaning: Math.max(0, meanings[at] ?? 0) };
      return parts.words * weights.words + parts.meaning * weights.meaning > 0 ? [{ prompt, parts }] : [];
    });
    const scored = await Promise.all(
      fitting.map(async ({ prompt, parts }): Promise<RecommendedPrompt> => {
        const quality = await qualityOf(library, prompt);
        const { words: byWords, meaning } = parts;
        const score = byWords * weights.words + meaning * weights.meaning + quality * weights.quality;
        return { ...prompt, score, parts: { ...parts, quality } };
      }),
    );
    return scored.sort((a, b) => b.score - a.score || (a.name < b.name ? -1 : 1)).slice(0, weights.k);
  });
};

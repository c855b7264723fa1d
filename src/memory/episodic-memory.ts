import { checkAtLeast, createRun, type DocumentStore, type Memory, type MemoryScope, type Run } from '../core/index.js';
import { type ImportanceScorer, lexicalImportance } from './importance.js';
import { indexedMemory, type NoteWeights, recencyOf, weekMs } from './indexed-memory.js';
import { factsOf, filterOf } from './note-documents.js';

export interface EpisodicMemoryOptions {
  /** Says how much a text matters, when it is added. @default lexicalImportance(), without a model */
  readonly importance?: ImportanceScorer;
  /** How relevance, importance and recency add up. @default { relevance: 1, importance: 0.2, recency: 0.2 } */
  readonly weights?: NoteWeights;
  /** After this time recency is a half. @default 7 days */
  readonly halfLifeMs?: number;
  /** What the nearness of vectors counts within relevance, beside words. @default 0.3 */
  readonly vectorWeight?: number;
  /** Texts of each index that are looked at, sentence by sentence. @default 50 */
  readonly k?: number;
  /** Room for what is recalled; a query's own wins. @default 1000 */
  readonly maxTokens?: number;
  /** Whose tokens. @default 'gpt-5' */
  readonly model?: string;
}

/** Which episodes are to be forgotten; those to which any of these applies. */
export interface ForgetEpisodes {
  readonly ids?: readonly string[];
  /** Said longer ago than this. */
  readonly olderThanMs?: number;
  /** Importance, 0 to 1, times recency is below this: what matters lives longer. */
  readonly weakerThan?: number;
}

export interface EpisodicMemory extends Memory {
  /** Forgets some of the scope, and returns how many. */
  readonly forget: (which: ForgetEpisodes, scope?: MemoryScope, run?: Run) => Promise<number>;
}

/**
 * Remembers what was said in all conversations of a user with how much it matters, and recalls by relevance, importance and recency,
 * as in "Generative Agents" (Park et al. 2023): the score is the weighted sum of the three, each from 0 to 1. Recency counts from
 * when it was said, so recalling writes nothing. The indexes, one or several, are used by this memory alone and stay yours to close.
 * @throws {PipewrightError} `bad-option`.
 * @example const memory = episodicMemory(await bm25(), { halfLifeMs: 30 * 86_400_000 })
 */
export const episodicMemory = (
  index: DocumentStore | readonly DocumentStore[],
  options: EpisodicMemoryOptions = {},
): EpisodicMemory => {
  const stores = 'retriever' in index ? [index] : index;
  const { importance = lexicalImportance(), weights, halfLifeMs = weekMs, ...rest } = options;
  const memory = indexedMemory({
    kind: 'episodes',
    noteKind: 'episode',
    stores,
    importance,
    weights: { relevance: 1, importance: 0.2, recency: 0.2, ...weights },
    halfLifeMs,
    vectorWeight: 0.3,
    k: 50,
    neighbours: 10,
    maxTokens: 1_000,
    model: 'gpt-5',
    ...rest,
  });
  const forget = async (which: ForgetEpisodes, scope: MemoryScope = {}, run: Run = createRun()): Promise<number> => {
    const { ids = [], olderThanMs = Infinity, weakerThan = 0 } = which;
    checkAtLeast('olderThanMs', olderThanMs, 0);
    checkAtLeast('weakerThan', weakerThan, 0);
    const named = new Set(ids);
    const nowMs = run.clock.now();
    const forgotten: string[] = [];
    for await (const document of stores[0]?.entries({ filter: filterOf(scope) }) ?? []) {
      run.throwIfAborted();
      const { createdMs, importance: rating } = factsOf(document);
      const strength = (rating / 10) * recencyOf(createdMs, nowMs, halfLifeMs);
      const isOver = nowMs - createdMs > olderThanMs || strength < weakerThan;
      if (isOver || named.has(document.id)) forgotten.push(document.id);
    }
    for (const store of stores) await store.delete(forgotten, run);
    return forgotten.length;
  };
  return { ...memory, forget };
};

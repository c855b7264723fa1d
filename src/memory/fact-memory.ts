import {
  checkAtLeast,
  createRun,
  defineStep,
  type Memory,
  type MemoryScope,
  type Message,
  messageOf,
  PipewrightError,
  type Recalled,
  type RecalledNote,
  type RecallQuery,
  type Run,
  type Store,
} from '../core/index.js';
import { tokenCounter } from '../model/index.js';
import { memoryStore } from '../store/index.js';
import { type FactExtractor, patternFactExtractor } from './fact-extractors.js';
import {
  aboutOf,
  cappedFacts,
  type Fact,
  type FactState,
  isFactState,
  type NewFact,
  noFacts,
  strengthOf,
  withFact,
} from './facts.js';
import { knownText, type NoteWeights, recencyOf } from './indexed-memory.js';
import { recalledOf } from './recalled.js';
import { conversationOf, userKey } from './scope.js';
import { type FactReading, holding, pendingOf, readFacts, waiting } from './read-facts.js';
import { createShelf } from './shelf.js';
import { normalised, relevanceOf, sentenceOf } from './units.js';

export interface FactMemoryOptions {
  /** Where facts are kept. @default in memory, gone with the process */
  readonly store?: Store;
  /** Reads facts from what the user says. @default patternFactExtractor(), without a model */
  readonly extractor?: FactExtractor;
  /** How relevance, importance and recency add up. @default { relevance: 1, importance: 0.3, recency: 0.1 } */
  readonly weights?: NoteWeights;
  /** After this time since it was last said, recency is a half. @default 90 days */
  readonly halfLifeMs?: number;
  /** Facts of a user, history included; the oldest history goes first. @default 1000 */
  readonly maxFacts?: number;
  /** Room for what is recalled; a query's own wins. @default 500 */
  readonly maxTokens?: number;
  /** Whose tokens. @default 'gpt-5' */
  readonly model?: string;
}

export interface ListFactsOptions {
  /** Those that held at this time. Milliseconds since 1970. @default those that hold */
  readonly atMs?: number;
  /** All that ever held, with the times until which. @default false */
  readonly hasHistory?: boolean;
}

/** Which facts are to be forgotten; those to which any of these applies. */
export interface ForgetFacts {
  readonly ids?: readonly string[];
  /** All of one subject and attribute, history included. */
  readonly about?: Pick<NewFact, 'subject' | 'attribute'>;
  /** Last said longer ago than this. */
  readonly olderThanMs?: number;
  /** Importance, 0 to 1, halved with every half-life, is below this. */
  readonly weakerThan?: number;
}

export interface ScoredFact extends Fact {
  readonly score: number;
}

export interface FactMemory extends Memory {
  /** Keeps a fact that somebody states. */
  readonly remember: (fact: NewFact, scope?: MemoryScope, run?: Run) => Promise<void>;
  /** Facts in the order in which they became known. */
  readonly list: (options?: ListFactsOptions, scope?: MemoryScope) => Promise<readonly Fact[]>;
  /** The facts that hold, best first. */
  readonly search: (text: string, scope?: MemoryScope, run?: Run) => Promise<readonly ScoredFact[]>;
  /** Forgets facts as if they had never been said, and returns how many. */
  readonly forget: (which: ForgetFacts, scope?: MemoryScope, run?: Run) => Promise<number>;
}

interface Settings extends FactReading {
  readonly weights: Required<NoteWeights>;
  readonly maxTokens: number;
  readonly model: string;
}

const factText = ({ subject, attribute, value }: Fact): string => `${subject}'s ${attribute}: ${value}`;

const ranked = (facts: readonly Fact[], text: string, settings: Settings, run: Run): readonly ScoredFact[] => {
  const { weights, halfLifeMs } = settings;
  const units = facts.map((fact, textAt) => ({
    ...sentenceOf(`${factText(fact)}. ${fact.evidence}`),
    textAt,
    at: 0,
  }));
  const relevance = text.trim() === '' ? [] : relevanceOf(units, text);
  const most = relevance.reduce((a, b) => Math.max(a, b), 0);
  const nowMs = run.clock.now();
  const scoreOf = (fact: Fact, at: number): number =>
    weights.relevance * (most === 0 ? 0 : (relevance[at] ?? 0) / most) +
    weights.importance * (fact.importance / 10) +
    weights.recency * recencyOf(fact.saidMs, nowMs, halfLifeMs);
  return facts
    .map((fact, at) => ({ ...fact, score: scoreOf(fact, at) }))
    .sort((a, b) => b.score - a.score || b.saidMs - a.saidMs);
};

const noteOf = (fact: ScoredFact): RecalledNote => ({
  id: fact.id,
  kind: 'fact',
  text: factText(fact),
  score: fact.score,
  createdMs: fact.fromMs,
});

const recallWith =
  (settings: Settings) =>
  async (query: RecallQuery, run: Run): Promise<Recalled> => {
    const { shelf, model } = settings;
    const maxTokens = query.maxTokens ?? settings.maxTokens;
    checkAtLeast('maxTokens', maxTokens, 0);
    const { state } = await shelf.read(userKey(query));
    const known = knownText(query.known ?? []);
    const facts = holding(state.facts).filter(({ evidence }) => !known.includes(` ${normalised(evidence)} `));
    const notes = ranked(facts, query.text ?? '', settings, run).map(noteOf);
    return recalledOf({ turns: [], notes, leftOut: 0 }, { maxTokens, counter: tokenCounter(model) });
  };

const addWith =
  (settings: Settings) =>
  async (messages: readonly Message[], scope: MemoryScope = {}, run: Run = createRun()): Promise<void> => {
    const { shelf } = settings;
    const key = userKey(scope);
    const texts = pendingOf(messages, scope, run);
    run.throwIfAborted();
    if (texts.length === 0) return;
    await shelf.change(key, run, (state) => waiting(state, texts));
    try {
      await shelf.locked(key, run, () => readFacts(key, settings, run));
    } catch (error) {
      // The texts are kept, and read with the next.
      run.emit({ type: 'warning', message: `No facts were read: ${messageOf(error)}` });
    }
  };

const forgetWith =
  ({ shelf, halfLifeMs }: Settings) =>
  async (which: ForgetFacts, scope: MemoryScope = {}, run: Run = createRun()): Promise<number> => {
    const { ids = [], about, olderThanMs = Infinity, weakerThan = 0 } = which;
    checkAtLeast('olderThanMs', olderThanMs, 0);
    checkAtLeast('weakerThan', weakerThan, 0);
    const nowMs = run.clock.now();
    const named = new Set(ids);
    const isForgotten = (fact: Fact): boolean =>
      named.has(fact.id) ||
      (about !== undefined && aboutOf(fact) === aboutOf(about)) ||
      nowMs - fact.saidMs > olderThanMs ||
      strengthOf(fact, nowMs, halfLifeMs) < weakerThan;
    let count = 0;
    await shelf.change(userKey(scope), run, ({ facts, pending }) => {
      const kept = facts.filter((fact) => !isForgotten(fact));
      count = facts.length - kept.length;
      return count === 0 ? undefined : { facts: kept, pending };
    });
    return count;
  };

/** Without a conversation all of a user; else what was said in it. */
const clearWith =
  ({ shelf }: Settings) =>
  async (scope: MemoryScope = {}, run: Run = createRun()): Promise<void> => {
    const key = userKey(scope);
    const conversation = conversationOf(scope);
    if (scope.conversationId === undefined) return shelf.clear(key, run);
    const isElse = ({ conversationId }: { readonly conversationId: string }): boolean =>
      conversationId !== conversation;
    await shelf.change(key, run, ({ facts, pending }) => ({
      facts: facts.filter(isElse),
      pending: pending.filter(isElse),
    }));
  };

const resolve = (options: FactMemoryOptions): Settings => {
  const { store = memoryStore(), weights, ...rest } = options;
  const shelf = createShelf<FactState>({ store, prefix: 'memory-facts', empty: noFacts, isState: isFactState });
  const settings: Settings = {
    shelf,
    extractor: patternFactExtractor(),
    halfLifeMs: 90 * 86_400_000,
    maxFacts: 1_000,
    maxTokens: 500,
    model: 'gpt-5',
    ...rest,
    weights: { relevance: 1, importance: 0.3, recency: 0.1, ...weights },
  };
  for (const [name, weight] of Object.entries(settings.weights)) checkAtLeast(`weights.${name}`, weight, 0);
  checkAtLeast('maxFacts', settings.maxFacts, 1);
  checkAtLeast('maxTokens', settings.maxTokens, 0);
  if (settings.halfLifeMs > 0) return settings;
  throw new PipewrightError('bad-option', `\`halfLifeMs\` must be above 0, got ${settings.halfLifeMs}.`);
};

/**
 * Remembers facts and preferences of a user, across conversations: read from what the user says, never from models or tools. Said
 * again, a fact is the same one; said otherwise, the newer one holds and the older stays in `list({ hasHistory: true })` with the time
 * until which it held. Where the extractor fails, `add` warns, and what was said is read with the next.
 * @throws {PipewrightError} `bad-option`.
 * @example
 * const facts = factMemory();
 * await facts.add([{ role: 'user', content: 'I live in Rome.' }]);
 * (await facts.list())[0]?.value // => 'Rome'
 */
export const factMemory = (options: FactMemoryOptions = {}): FactMemory => {
  const settings = resolve(options);
  const { shelf, maxFacts, halfLifeMs } = settings;
  return {
    kind: 'facts',
    add: addWith(settings),
    recall: defineStep({ kind: 'memory', name: 'facts' }, recallWith(settings)),
    clear: clearWith(settings),
    remember: async (fact, scope = {}, run = createRun()) => {
      if (normalised(fact.attribute) === '') throw new PipewrightError('bad-input', 'A fact needs an `attribute`.');
      const said = { saidMs: run.clock.now(), conversationId: conversationOf(scope) };
      await shelf.change(userKey(scope), run, ({ facts, pending }) => ({
        facts: cappedFacts(withFact(facts, fact, said, run), maxFacts, said.saidMs, halfLifeMs),
        pending,
      }));
    },
    list: async ({ atMs, hasHistory = false } = {}, scope = {}) => {
      const { facts } = (await shelf.read(userKey(scope))).state;
      if (hasHistory) return facts;
      if (atMs === undefined) return holding(facts);
      return facts.filter(({ fromMs, untilMs = Infinity }) => fromMs <= atMs && atMs < untilMs);
    },
    search: async (text, scope = {}, run = createRun()) => {
      const { facts } = (await shelf.read(userKey(scope))).state;
      return ranked(holding(facts), text, settings, run);
    },
    forget: forgetWith(settings),
  };
};

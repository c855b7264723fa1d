import {
  checkAtLeast,
  createRun,
  defineStep,
  type Document,
  type DocumentStore,
  type Memory,
  type MemoryScope,
  type Message,
  messageOf,
  partsOf,
  PipewrightError,
  type Recalled,
  type RecalledNote,
  type RecallQuery,
  type Run,
  sliceTimer,
  yieldToEventLoop,
} from '../core/index.js';
import { type TokenCounter, tokenCounter } from '../model/index.js';
import { type ImportanceScorer, lexicalImportance } from './importance.js';
import { documentsOf, factsOf, filterOf, textsOf, writeAll } from './note-documents.js';
import { candidatesFor } from './note-search.js';
import { recalledOf } from './recalled.js';
import { conversationOf, userKey } from './scope.js';
import {
  normalised,
  type RankedUnit,
  relevanceOf,
  saysSomething,
  type Sentence,
  sentenceOf,
  sentencesIn,
  type Unit,
} from './units.js';

/** How much each score of a note counts; each is from 0 to 1. */
export interface NoteWeights {
  /** How well it belongs to the query, the best of them 1. @default 1 */
  readonly relevance?: number;
  readonly importance?: number;
  /** Halves with every half-life. */
  readonly recency?: number;
}

export interface IndexedSettings {
  readonly kind: string;
  readonly noteKind: string;
  readonly stores: readonly DocumentStore[];
  readonly importance: ImportanceScorer | undefined;
  readonly weights: Required<NoteWeights>;
  /** What the nearness of vectors counts beside words. */
  readonly vectorWeight: number;
  readonly halfLifeMs: number;
  readonly k: number;
  readonly neighbours: number;
  readonly maxTokens: number;
  readonly model: string;
}

export const weekMs: number = 7 * 86_400_000;

/** Of its text, or of the best sentence of a text beside it, whatever is more. */
const besideShare = 0.3;

/** 1 for what is said now, a half after a half-life. */
export const recencyOf = (createdMs: number, nowMs: number, halfLifeMs: number): number =>
  0.5 ** (Math.max(0, nowMs - createdMs) / halfLifeMs);

const worthOf = (document: Document, { weights, halfLifeMs }: IndexedSettings, nowMs: number): number => {
  const { importance, createdMs } = factsOf(document);
  return weights.importance * (importance / 10) + weights.recency * recencyOf(createdMs, nowMs, halfLifeMs);
};

/** Texts whose sentences are kept at hand: the same ones are found again and again, and cutting them up is the dear part. */
const maxCutTexts = 2_000;

/** The sentences of a document; what is under an id is never changed. */
type Cut = (document: Document) => readonly Sentence[];

const cutter = (known: Map<string, readonly Sentence[]>): Cut => {
  return ({ id, text }) => {
    const before = known.get(id);
    if (before !== undefined) return before;
    const sentences = sentencesIn(text).map(sentenceOf);
    if (known.size >= maxCutTexts) known.clear();
    known.set(id, sentences);
    return sentences;
  };
};

interface Ranked {
  readonly units: readonly RankedUnit[];
  readonly documents: readonly Document[];
}

const rank = async (query: RecallQuery, settings: IndexedSettings, cut: Cut, run: Run): Promise<Ranked> => {
  const { text = '' } = query;
  const { vectorWeight, weights } = settings;
  const nowMs = run.clock.now();
  const isTimeUp = sliceTimer();
  // Without words to look for, the newest count, whatever the weights are.
  const listed =
    weights.importance + weights.recency > 0 ? settings : { ...settings, weights: { ...weights, recency: 1 } };
  const worth = (document: Document): number => worthOf(document, text.trim() === '' ? listed : settings, nowMs);
  const candidates = await candidatesFor(query, settings, worth, run);
  const units: Unit[] = [];
  for (const [textAt, { document }] of candidates.entries()) {
    cut(document).forEach((sentence, at) => {
      units.push({ ...sentence, textAt, at });
    });
    if (isTimeUp()) await yieldToEventLoop();
  }
  run.throwIfAborted();
  const lexical = relevanceOf(units, text);
  const bestOf = new Map<string, number>();
  units.forEach(({ textAt }, at) => {
    const id = candidates[textAt]?.document.id ?? '';
    bestOf.set(id, Math.max(bestOf.get(id) ?? 0, lexical[at] ?? 0));
  });
  const relevance = units.map(({ textAt }, at) => {
    const { similarity = 0, besides = [] } = candidates[textAt] ?? {};
    const beside = Math.max(0, ...besides.map((id) => bestOf.get(id) ?? 0));
    return Math.max(lexical[at] ?? 0, besideShare * beside) + vectorWeight * similarity;
  });
  const most = relevance.reduce((a, b) => Math.max(a, b), 0);
  const documents = candidates.map(({ document }) => document);
  return {
    documents,
    units: units.map((unit, at) => {
      const document = documents[unit.textAt];
      const own = most === 0 ? 0 : (relevance[at] ?? 0) / most;
      return { ...unit, score: weights.relevance * own + (document === undefined ? 0 : worth(document)) };
    }),
  };
};

/** What the prompt says already, as one text to look in. */
export const knownText = (messages: readonly Message[]): string =>
  messages
    .flatMap((message) => partsOf(message))
    .map((part) => (part.type === 'text' || part.type === 'source' ? ` ${normalised(part.text)} ` : ''))
    .join('\n');

/** A speaker's name and the mark before a note; within one text only the words count. */
const noteTokens = 5;

/** The best sentences that have room, each once, without what is known. */
const pick = async (
  units: readonly RankedUnit[],
  known: string,
  maxTokens: number,
  counter: TokenCounter,
): Promise<readonly RankedUnit[]> => {
  const picked: RankedUnit[] = [];
  const seen = new Set<string>();
  const texts = new Set<number>();
  let left = maxTokens;
  for (const unit of [...units].sort((a, b) => b.score - a.score || a.textAt - b.textAt || a.at - b.at)) {
    if (left <= noteTokens) break;
    const plain = normalised(unit.text);
    if (!saysSomething(unit.text) || seen.has(plain) || known.includes(` ${plain} `)) continue;
    const tokens = (await counter.count(unit.text)).tokens + 1 + (texts.has(unit.textAt) ? 0 : noteTokens);
    if (tokens > left) continue;
    seen.add(plain);
    texts.add(unit.textAt);
    left -= tokens;
    picked.push(unit);
  }
  return picked;
};

/** Sentences of one text as one note, in their order. */
const notesOf = (picked: readonly RankedUnit[], { documents }: Ranked, kind: string): readonly RecalledNote[] => {
  const byText = new Map<number, RankedUnit[]>();
  for (const unit of picked) byText.set(unit.textAt, [...(byText.get(unit.textAt) ?? []), unit]);
  const notes = [...byText].flatMap(([textAt, units]): readonly RecalledNote[] => {
    const document = documents[textAt];
    if (document === undefined) return [];
    const { role, createdMs } = factsOf(document);
    const inOrder = units.sort((a, b) => a.at - b.at);
    const text = inOrder.map(({ text, at }, i) => {
      const previous = inOrder[i - 1];
      return previous !== undefined && at > previous.at + 1 ? `… ${text}` : text;
    });
    const score = Math.max(...units.map((unit) => unit.score));
    return [{ id: document.id, kind, text: `${role}: ${text.join(' ')}`, score, createdMs }];
  });
  return notes.sort((a, b) => (b.score ?? 0) - (a.score ?? 0));
};

/** Around the notes: the message, its rules, and the first day. */
const aroundTokens = 50;

/** Conversations whose last text is remembered, to join the next one to it. */
const maxConversations = 1_000;

const checkSettings = (settings: IndexedSettings): void => {
  const { stores, weights, vectorWeight, halfLifeMs, k, neighbours, maxTokens } = settings;
  if (stores.length === 0) throw new PipewrightError('bad-option', 'The memory needs an index to keep notes in.');
  for (const [name, weight] of Object.entries(weights)) checkAtLeast(`weights.${name}`, weight, 0);
  checkAtLeast('vectorWeight', vectorWeight, 0);
  checkAtLeast('k', k, 1);
  checkAtLeast('neighbours', neighbours, 0);
  checkAtLeast('maxTokens', maxTokens, 0);
  if (!(halfLifeMs > 0)) throw new PipewrightError('bad-option', `\`halfLifeMs\` must be above 0, got ${halfLifeMs}.`);
};

const rateAll = async (texts: readonly string[], scorer: ImportanceScorer, run: Run): Promise<readonly number[]> => {
  try {
    return await scorer(texts, run);
  } catch (error) {
    run.throwIfAborted();
    run.emit({ type: 'warning', message: `Importance was judged by words alone: ${messageOf(error)}` });
    return lexicalImportance()(texts, run);
  }
};

/** A memory of what was said, over indexes of documents: what is told is chosen sentence by sentence. */
export const indexedMemory = (settings: IndexedSettings): Memory => {
  checkSettings(settings);
  const { kind, noteKind, stores, importance, model, k } = settings;
  const counter = tokenCounter(model);
  const children = stores.map((store) => ({ step: store.retriever({ k }) }));
  const lastIds = new Map<string, string>();
  const sentences = new Map<string, readonly Sentence[]>();
  const cut = cutter(sentences);
  const recall = async (query: RecallQuery, run: Run): Promise<Recalled> => {
    const maxTokens = query.maxTokens ?? settings.maxTokens;
    checkAtLeast('maxTokens', maxTokens, 0);
    const ranked = await rank(query, settings, cut, run);
    const known = knownText(query.known ?? []);
    const picked = await pick(ranked.units, known, maxTokens - aroundTokens, counter);
    const notes = notesOf(picked, ranked, noteKind);
    const recalled = await recalledOf({ turns: [], notes, leftOut: 0 }, { maxTokens, counter });
    return { ...recalled, leftOut: ranked.documents.length - recalled.notes.length };
  };
  const add = async (messages: readonly Message[], scope: MemoryScope = {}, run: Run = createRun()): Promise<void> => {
    run.throwIfAborted();
    const conversation = `${userKey(scope)}/${conversationOf(scope)}`;
    const texts = textsOf(messages).map(({ text }) => text);
    if (texts.length === 0) return;
    const ratings = importance === undefined ? [] : await rateAll(texts, importance, run);
    const documents = documentsOf(messages, scope, lastIds.get(conversation), ratings, run);
    await writeAll(stores, documents, run);
    const lastId = documents.at(-1)?.id;
    if (lastIds.size >= maxConversations) lastIds.clear();
    if (lastId !== undefined) lastIds.set(conversation, lastId);
  };
  return {
    kind,
    add,
    recall: defineStep({ kind: 'memory', name: kind, details: { k }, children }, recall),
    clear: async (scope: MemoryScope = {}, run: Run = createRun()) => {
      const filter = filterOf(scope);
      sentences.clear();
      lastIds.clear();
      for (const store of stores) await store.delete(filter, run);
    },
  };
};

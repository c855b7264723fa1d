import { callStep, type MemoryScope, type Message, randomId, type Run, textOf } from '../core/index.js';
import type { FactExtractor } from './fact-extractors.js';
import { cappedFacts, type Fact, type FactState, type NewFact, type PendingText, withFact } from './facts.js';
import { conversationOf } from './scope.js';
import type { Shelf } from './shelf.js';
import { normalised } from './units.js';

export interface FactReading {
  readonly shelf: Shelf<FactState>;
  readonly extractor: FactExtractor;
  readonly maxFacts: number;
  readonly halfLifeMs: number;
}

/** Texts that wait for an extractor; where it fails for long, the oldest give way. */
const maxPending = 50;
const maxTextLength = 8_000;
/** Known facts that an extractor is shown. */
const maxKnown = 50;
/** Rounds of one `add`, where others add meanwhile. */
const maxRounds = 3;

/** What the user said, to be read. */
export const pendingOf = (messages: readonly Message[], scope: MemoryScope, run: Run): readonly PendingText[] =>
  messages
    .filter(({ role }) => role === 'user')
    .map((message) => textOf(message).slice(0, maxTextLength))
    .filter((text) => text.trim() !== '')
    .map((text) => ({
      id: randomId(run.random),
      text,
      saidMs: run.clock.now(),
      conversationId: conversationOf(scope),
    }));

export const holding = (facts: readonly Fact[]): readonly Fact[] =>
  facts.filter(({ untilMs }) => untilMs === undefined);

/** The state with what was read of some texts, as far as they still wait: others may have read or forgotten them. */
const withFound = (
  state: FactState,
  texts: readonly PendingText[],
  found: readonly NewFact[],
  { maxFacts, halfLifeMs }: FactReading,
  run: Run,
): FactState => {
  const waiting = new Set(state.pending.map(({ id }) => id));
  const open = texts.filter(({ id }) => waiting.has(id));
  const plain = open.map(({ text }) => ` ${normalised(text)} `);
  let { facts } = state;
  for (const fact of found) {
    const evidence = normalised(fact.evidence ?? '');
    const said = open[plain.findIndex((text) => evidence !== '' && text.includes(` ${evidence} `))];
    // What no text says, a model has made up.
    if (said !== undefined && normalised(fact.attribute) !== '') facts = withFact(facts, fact, said, run);
  }
  const read = new Set(open.map(({ id }) => id));
  return {
    facts: cappedFacts(facts, maxFacts, run.clock.now(), halfLifeMs),
    pending: state.pending.filter(({ id }) => !read.has(id)),
  };
};

/** The state with more to read. */
export const waiting = (state: FactState, texts: readonly PendingText[]): FactState => ({
  ...state,
  pending: [...state.pending, ...texts].slice(-maxPending),
});

/** Reads what waits, and keeps what it says. */
export const readFacts = async (key: string, settings: FactReading, run: Run): Promise<void> => {
  const { shelf, extractor } = settings;
  for (let round = 0; round < maxRounds; round++) {
    const { state } = await shelf.read(key);
    const { facts, pending } = state;
    if (pending.length === 0) return;
    const known = holding(facts).slice(-maxKnown);
    const found = await callStep(extractor, { texts: pending.map(({ text }) => text), known }, run);
    await shelf.change(key, run, (now) => withFound(now, pending, found, settings, run));
  }
};

import { randomId, type Run } from '../core/index.js';
import { isText, listIn, member, numberIn } from '../ask/index.js';
import { recencyOf } from './indexed-memory.js';
import { normalised } from './units.js';

/** Something that holds, or held, of somebody. */
export interface Fact {
  readonly id: string;
  /** `user`, or whom else it is about. */
  readonly subject: string;
  /** Of one subject and attribute one value holds at a time. */
  readonly attribute: string;
  readonly value: string;
  /** The words that it was read from. */
  readonly evidence: string;
  /** 1 to 10. */
  readonly importance: number;
  /** Where it was said. */
  readonly conversationId: string;
  /** From when it holds: when it was first said. Milliseconds since 1970. */
  readonly fromMs: number;
  /** When it was last said. */
  readonly saidMs: number;
  /** How often it was said. */
  readonly count: number;
  /** Until when it held: when something else was said. Absent while it holds. */
  readonly untilMs?: number;
}

/** A fact as somebody says it, or as an extractor reads it. */
export interface NewFact {
  /** @default 'user' */
  readonly subject?: string;
  readonly attribute: string;
  readonly value: string;
  /** @default the value */
  readonly evidence?: string;
  /** 1 to 10. @default 5 */
  readonly importance?: number;
  /** It no longer holds. @default false */
  readonly isOver?: boolean;
}

/** What a user said that no fact has been read from yet. */
export interface PendingText {
  readonly id: string;
  readonly text: string;
  readonly saidMs: number;
  readonly conversationId: string;
}

/** What is known of one user. */
export interface FactState {
  readonly facts: readonly Fact[];
  readonly pending: readonly PendingText[];
}

export const noFacts: FactState = { facts: [], pending: [] };

const isFact = (value: unknown): boolean =>
  ['id', 'subject', 'attribute', 'value', 'evidence', 'conversationId'].every((key) => isText(member(value, key))) &&
  ['importance', 'fromMs', 'saidMs', 'count'].every((key) => numberIn(value, key) !== undefined);

const isPending = (value: unknown): boolean =>
  ['id', 'text', 'conversationId'].every((key) => isText(member(value, key))) &&
  numberIn(value, 'saidMs') !== undefined;

export const isFactState = (value: unknown): value is FactState =>
  listIn(value, 'facts')?.every(isFact) === true && listIn(value, 'pending')?.every(isPending) === true;

const maxAttributeLength = 80;
const maxTextLength = 500;

/** Facts of the same subject and attribute are about the same thing. */
export const aboutOf = ({ subject = 'user', attribute }: Pick<NewFact, 'subject' | 'attribute'>): string =>
  `${normalised(subject)}/${normalised(attribute)}`;

export interface Said {
  readonly saidMs: number;
  readonly conversationId: string;
}

const factOf = (found: NewFact, { saidMs, conversationId }: Said, run: Run): Fact => {
  const { subject = 'user', attribute, value, evidence = value, importance = 5 } = found;
  return {
    id: randomId(run.random),
    subject: subject.slice(0, maxAttributeLength),
    attribute: attribute.slice(0, maxAttributeLength),
    value: value.slice(0, maxTextLength),
    evidence: evidence.slice(0, maxTextLength),
    importance: Math.min(10, Math.max(1, importance)),
    conversationId,
    fromMs: saidMs,
    saidMs,
    count: 1,
  };
};

/**
 * The facts with one more: said again, it is the same one; said otherwise, it takes the place of the one before, which stays as
 * history; said before what is known now, as when reading was late, it is history itself.
 */
export const withFact = (facts: readonly Fact[], found: NewFact, said: Said, run: Run): readonly Fact[] => {
  const about = aboutOf(found);
  const now = facts.find((fact) => fact.untilMs === undefined && aboutOf(fact) === about);
  const isSame = now !== undefined && normalised(now.value) === normalised(found.value);
  if (found.isOver === true) {
    const ends = now !== undefined && now.fromMs <= said.saidMs && (isSame || found.value.trim() === '');
    return ends ? facts.map((fact) => (fact === now ? { ...fact, untilMs: said.saidMs } : fact)) : facts;
  }
  if (normalised(found.value) === '') return facts;
  const fact = factOf(found, said, run);
  if (now === undefined) return [...facts, fact];
  if (isSame) {
    const again: Fact = {
      ...now,
      importance: Math.max(now.importance, fact.importance),
      fromMs: Math.min(now.fromMs, fact.fromMs),
      saidMs: Math.max(now.saidMs, fact.saidMs),
      count: now.count + 1,
    };
    return facts.map((one) => (one === now ? again : one));
  }
  if (fact.fromMs < now.fromMs) return [...facts, { ...fact, untilMs: now.fromMs }];
  return [...facts.map((one) => (one === now ? { ...one, untilMs: fact.fromMs } : one)), fact];
};

/** How much of a fact is left: importance, 0 to 1, halved with every half-life since it was last said. */
export const strengthOf = ({ importance, saidMs }: Fact, nowMs: number, halfLifeMs: number): number =>
  (importance / 10) * recencyOf(saidMs, nowMs, halfLifeMs);

/** At most so many facts: history goes first, the oldest of it, then the weakest. */
export const cappedFacts = (
  facts: readonly Fact[],
  maxFacts: number,
  nowMs: number,
  halfLifeMs: number,
): readonly Fact[] => {
  if (facts.length <= maxFacts) return facts;
  const worth = (fact: Fact): number => (fact.untilMs === undefined ? 1 + strengthOf(fact, nowMs, halfLifeMs) : 0);
  const newestFirst = facts.toReversed();
  const order = newestFirst.sort((a, b) => worth(b) - worth(a) || (b.untilMs ?? 0) - (a.untilMs ?? 0));
  const kept = new Set(order.slice(0, maxFacts));
  return facts.filter((fact) => kept.has(fact));
};

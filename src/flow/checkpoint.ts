import { fromJson, isRecord, type Json, type StateForm, toJson } from '../core/index.js';

/** What a paused graph waits for. */
export interface Waiting<N extends string = string> {
  readonly node: N;
  /** `inside`: the node has asked; the graph itself pauses `before` or `after` a node, and goes on with any answer. */
  readonly when: 'before' | 'inside' | 'after';
  /** What the node asks. */
  readonly question?: unknown;
}

/** A pause as a checkpoint holds it. */
export interface HeldPause extends Waiting {
  /** What the node goes on with. */
  readonly kept?: unknown;
  /** Whether there is an answer, with which the node has yet to go on. */
  readonly isAnswered: boolean;
  readonly answer?: unknown;
}

/** A branch of a step that has resolved while others of the same step wait. */
export interface HeldUpdate {
  readonly node: string;
  readonly update: Readonly<Record<string, unknown>>;
}

/** Who has led to a node that waits for several. */
export interface Arrival {
  readonly node: string;
  readonly from: readonly string[];
}

/** Where a graph stands between two steps. Nothing in it is of a class, so it can be kept and gone on from anywhere. */
export interface Checkpoint<S> {
  readonly version: 1;
  /** How many steps are done. */
  readonly step: number;
  readonly state: S;
  /** The nodes of the next step; none: the graph is done. */
  readonly next: readonly string[];
  readonly held: readonly HeldUpdate[];
  readonly pauses: readonly HeldPause[];
  readonly arrivals: readonly Arrival[];
}

const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every((each) => typeof each === 'string');

const isNamed = (value: unknown): value is Readonly<Record<string, unknown>> =>
  isRecord(value) && typeof value.node === 'string';

const isListOf = (value: unknown, holds: (each: Readonly<Record<string, unknown>>) => boolean): boolean =>
  Array.isArray(value) && value.every((each) => isNamed(each) && holds(each));

const readCheckpoint = (data: Readonly<Record<string, unknown>>): Checkpoint<Record<string, unknown>> | undefined => {
  const { step, state, next, held, pauses, arrivals } = data;
  const isWhole =
    typeof step === 'number' &&
    isRecord(state) &&
    isTexts(next) &&
    isListOf(held, ({ update }) => isRecord(update)) &&
    isListOf(pauses, ({ when, isAnswered }) => typeof when === 'string' && typeof isAnswered === 'boolean') &&
    isListOf(arrivals, ({ from }) => isTexts(from));
  return isWhole ? (data as unknown as Checkpoint<Record<string, unknown>>) : undefined;
};

export const checkpointForm: StateForm<Checkpoint<Record<string, unknown>>> = {
  what: 'checkpoint of a graph',
  version: 1,
  read: readCheckpoint,
};

/** @throws {PipewrightError} `bad-input` when the state is no plain data. */
export const checkpointToJson = (checkpoint: Checkpoint<object>): Json => toJson(checkpoint, { isExact: true });

export const checkpointFromJson = (json: unknown): unknown => fromJson(json as Json);

/** What people are shown of the pauses that have no answer yet. */
export const waitingIn = ({ pauses }: Checkpoint<unknown>): readonly Waiting[] =>
  pauses
    .filter(({ isAnswered }) => !isAnswered)
    .map(({ node, when, question }) => ({ node, when, ...(question === undefined ? {} : { question }) }));

import {
  decodeState,
  encodeState,
  isRecord,
  type Json,
  PipewrightError,
  type StateForm,
  type Store,
  type StoreChange,
} from '../core/index.js';
import { type Checkpoint, checkpointFromJson, checkpointToJson } from './checkpoint.js';
import { keyPart } from './durable-store.js';
import type { State } from './graph-plan.js';

export type ThreadStatus = 'running' | 'paused' | 'done';

/** What is changed with every checkpoint, and compared, so that of two processes one gets no further. */
interface Head {
  readonly version: 1;
  /** Number of the newest checkpoint. */
  readonly seq: number;
  /** Number of the oldest checkpoint that is kept. */
  readonly first: number;
  readonly status: ThreadStatus;
  /** Drawn by whoever wrote it. */
  readonly writer: string;
}

const headForm: StateForm<Head> = {
  what: 'thread of a graph',
  version: 1,
  read: (data) => {
    const { seq, first, status, writer } = data;
    const isWhole =
      [seq, first].every(Number.isSafeInteger) && [status, writer].every((each) => typeof each === 'string');
    return isWhole ? (data as unknown as Head) : undefined;
  },
};

interface Point {
  readonly version: 1;
  readonly atMs: number;
  readonly checkpoint: Json;
}

const pointForm: StateForm<Point> = {
  what: 'checkpoint of a graph',
  version: 1,
  read: (data) => (typeof data.atMs === 'number' && isRecord(data.checkpoint) ? (data as unknown as Point) : undefined),
};

/** A thread as its newest checkpoint has it. */
export interface Opened {
  readonly id: string;
  readonly head: Head;
  /** The head as it lies in the store. */
  readonly bytes: Uint8Array;
}

export interface StoredPoint {
  readonly seq: number;
  readonly atMs: number;
  /** Not checked yet. */
  readonly checkpoint: unknown;
  readonly where: string;
}

/** How many surplus checkpoints one write takes away at most. */
const maxPruned = 100;

const seqDigits = 10;

const lockedBy = (id: string): PipewrightError =>
  new PipewrightError(
    'store-locked',
    `Another process goes on with the thread \`${id}\`. Nothing more of this one is kept.`,
    {
      retryable: true,
      details: { where: id },
    },
  );

export const statusOf = ({ next, pauses }: Checkpoint<unknown>): ThreadStatus => {
  if (pauses.some(({ isAnswered }) => !isAnswered)) return 'paused';
  return next.length === 0 ? 'done' : 'running';
};

/** The threads of one graph in a store. */
export interface ThreadStore {
  readonly open: (id: string) => Promise<Opened | undefined>;
  /** Writes the first checkpoint; false when the thread is there already. */
  readonly create: (
    id: string,
    checkpoint: Checkpoint<State>,
    writer: string,
    atMs: number,
  ) => Promise<Opened | undefined>;
  /** Writes the next checkpoint, and deletes `stale` keys with it. Throws `store-locked` when another process was faster. */
  readonly advance: (
    thread: Opened,
    checkpoint: Checkpoint<State>,
    stale: readonly string[],
    writer: string,
    atMs: number,
  ) => Promise<Opened>;
  readonly point: (id: string, seq: number) => Promise<StoredPoint | undefined>;
  /** From the newest to the oldest. */
  readonly points: (id: string) => AsyncIterable<StoredPoint>;
  /** Where the work of a step is kept until the step is over. */
  readonly partPrefix: (id: string, step: number) => string;
  readonly heads: () => AsyncIterable<{ readonly id: string; readonly status: ThreadStatus }>;
  readonly remove: (id: string) => Promise<void>;
}

const put = (key: string, value: Head | Point): StoreChange => ({ type: 'put', key, value: encodeState(value) });

export const threadStore = (store: Store, name: string, maxCheckpoints: number): ThreadStore => {
  const root = keyPart(name);
  const headPrefix = `${root}/head/`;
  const headKey = (id: string): string => `${headPrefix}${keyPart(id)}`;
  const pointPrefix = (id: string): string => `${root}/point/${keyPart(id)}/`;
  const pointKey = (id: string, seq: number): string => `${pointPrefix(id)}${String(seq).padStart(seqDigits, '0')}`;
  const partRoot = (id: string): string => `${root}/part/${keyPart(id)}/`;
  // `0` follows `/`.
  const under = (prefix: string) => ({ from: prefix, to: `${prefix.slice(0, -1)}0` });

  const write = async (
    id: string,
    expected: Uint8Array | undefined,
    head: Head,
    checkpoint: Checkpoint<State>,
    atMs: number,
    also: readonly StoreChange[],
  ): Promise<Opened | undefined> => {
    const point: Point = { version: 1, atMs, checkpoint: checkpointToJson(checkpoint) };
    const bytes = encodeState(head);
    const all = [put(pointKey(id, head.seq), point), ...also];
    const isWritten = await store.compareAndSet(headKey(id), expected, bytes, { also: all });
    return isWritten ? { id, head, bytes } : undefined;
  };

  const read = (key: string, bytes: Uint8Array): StoredPoint => {
    const { atMs, checkpoint } = decodeState(pointForm, bytes, key);
    return { seq: Number(key.slice(-seqDigits)), atMs, checkpoint: checkpointFromJson(checkpoint), where: key };
  };

  return {
    open: async (id) => {
      const bytes = await store.get(headKey(id));
      return bytes === undefined ? undefined : { id, head: decodeState(headForm, bytes, headKey(id)), bytes };
    },
    create: (id, checkpoint, writer, atMs) => {
      const head: Head = { version: 1, seq: 0, first: 0, status: statusOf(checkpoint), writer };
      return write(id, undefined, head, checkpoint, atMs, []);
    },
    advance: async ({ id, head, bytes }, checkpoint, stale, writer, atMs) => {
      const seq = head.seq + 1;
      const first = Math.min(Math.max(head.first, seq + 1 - maxCheckpoints), head.first + maxPruned);
      const surplus = Array.from({ length: first - head.first }, (_, at) => pointKey(id, head.first + at));
      const also = [...surplus, ...stale].map((key): StoreChange => ({ type: 'delete', key }));
      const next: Head = { version: 1, seq, first, status: statusOf(checkpoint), writer };
      const opened = await write(id, bytes, next, checkpoint, atMs, also);
      if (opened === undefined) throw lockedBy(id);
      return opened;
    },
    point: async (id, seq) => {
      const key = pointKey(id, seq);
      const bytes = await store.get(key);
      return bytes === undefined ? undefined : read(key, bytes);
    },
    points: async function* (id) {
      for await (const [key, bytes] of store.range({ ...under(pointPrefix(id)), isReversed: true }))
        yield read(key, bytes);
    },
    partPrefix: (id, step) => `${partRoot(id)}${step}/`,
    heads: async function* () {
      for await (const [key, bytes] of store.range(under(headPrefix))) {
        yield {
          id: decodeURIComponent(key.slice(headPrefix.length)),
          status: decodeState(headForm, bytes, key).status,
        };
      }
    },
    remove: async (id) => {
      const keys = [headKey(id)];
      for (const prefix of [pointPrefix(id), partRoot(id)])
        for await (const [key] of store.range(under(prefix))) keys.push(key);
      await store.write(keys.map((key) => ({ type: 'delete', key })));
    },
  };
};

import {
  decodeState,
  encodeState,
  isRecord,
  type Json,
  PipewrightError,
  randomId,
  type Run,
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
  /** Writes the first checkpoint; undefined when the thread is there already. */
  readonly create: (id: string, checkpoint: Checkpoint<State>, run: Run) => Promise<Opened | undefined>;
  /** Writes the next checkpoint, and deletes `stale` keys with it. Throws `store-locked` when another process was faster. */
  readonly advance: (
    thread: Opened,
    checkpoint: Checkpoint<State>,
    stale: readonly string[],
    run: Run,
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

/** All keys below a prefix that ends with `/`: `0` follows it. */
const under = (prefix: string) => ({ from: prefix, to: `${prefix.slice(0, -1)}0` });

const keysOf = (name: string) => {
  const root = keyPart(name);
  const heads = `${root}/head/`;
  const points = (id: string): string => `${root}/point/${keyPart(id)}/`;
  return {
    heads,
    head: (id: string): string => `${heads}${keyPart(id)}`,
    idOf: (headKey: string): string => decodeURIComponent(headKey.slice(heads.length)),
    points,
    point: (id: string, seq: number): string => `${points(id)}${String(seq).padStart(seqDigits, '0')}`,
    parts: (id: string): string => `${root}/part/${keyPart(id)}/`,
  };
};

const readPoint = (key: string, bytes: Uint8Array): StoredPoint => {
  const { atMs, checkpoint } = decodeState(pointForm, bytes, key);
  return { seq: Number(key.slice(-seqDigits)), atMs, checkpoint: checkpointFromJson(checkpoint), where: key };
};

export const threadStore = (store: Store, name: string, maxCheckpoints: number): ThreadStore => {
  const keys = keysOf(name);

  /** The head only moves from what it was: whoever is slower has not written. */
  const write = async (
    id: string,
    before: Opened | undefined,
    numbers: Pick<Head, 'seq' | 'first'>,
    checkpoint: Checkpoint<State>,
    stale: readonly string[],
    { clock, random }: Run,
  ): Promise<Opened | undefined> => {
    const head: Head = { version: 1, ...numbers, status: statusOf(checkpoint), writer: randomId(random) };
    const point: Point = { version: 1, atMs: clock.now(), checkpoint: checkpointToJson(checkpoint) };
    const bytes = encodeState(head);
    const also = [put(keys.point(id, head.seq), point), ...stale.map((key): StoreChange => ({ type: 'delete', key }))];
    const isWritten = await store.compareAndSet(keys.head(id), before?.bytes, bytes, { also });
    return isWritten ? { id, head, bytes } : undefined;
  };

  return {
    open: async (id) => {
      const key = keys.head(id);
      const bytes = await store.get(key);
      return bytes === undefined ? undefined : { id, head: decodeState(headForm, bytes, key), bytes };
    },
    create: (id, checkpoint, run) => write(id, undefined, { seq: 0, first: 0 }, checkpoint, [], run),
    advance: async (thread, checkpoint, stale, run) => {
      const { id, head } = thread;
      const seq = head.seq + 1;
      const first = Math.min(Math.max(head.first, seq + 1 - maxCheckpoints), head.first + maxPruned);
      const surplus = Array.from({ length: first - head.first }, (_, at) => keys.point(id, head.first + at));
      const opened = await write(id, thread, { seq, first }, checkpoint, [...surplus, ...stale], run);
      if (opened === undefined) throw lockedBy(id);
      return opened;
    },
    point: async (id, seq) => {
      const key = keys.point(id, seq);
      const bytes = await store.get(key);
      return bytes === undefined ? undefined : readPoint(key, bytes);
    },
    points: async function* (id) {
      const range = { ...under(keys.points(id)), isReversed: true };
      for await (const [key, bytes] of store.range(range)) yield readPoint(key, bytes);
    },
    partPrefix: (id, step) => `${keys.parts(id)}${step}/`,
    heads: async function* () {
      for await (const [key, bytes] of store.range(under(keys.heads))) {
        yield { id: keys.idOf(key), status: decodeState(headForm, bytes, key).status };
      }
    },
    remove: async (id) => {
      const all = [keys.head(id)];
      for (const prefix of [keys.points(id), keys.parts(id)]) {
        for await (const [key] of store.range(under(prefix))) all.push(key);
      }
      await store.write(all.map((key) => ({ type: 'delete', key })));
    },
  };
};

import {
  changeEntry,
  decodeState,
  fromJson,
  isRecord,
  type Json,
  type MemoryScope,
  PipewrightError,
  type Run,
  type StateForm,
  type Store,
  toJson,
} from '../../core/index.js';
import type { AgentState } from '../types.js';
import type { Mission, MissionPhase } from './mission.js';

/** Who works on a mission, and until when that counts without a sign of life. */
export interface Lease {
  readonly owner: string;
  readonly untilMs: number;
}

/** What somebody outside wants of a mission that is under way. */
export type Wish = 'go-on' | 'pause' | 'cancel';

/** A mission as it lies in the store. */
export interface MissionRecord {
  readonly version: 1;
  readonly id: string;
  readonly goal: string;
  readonly scope: MemoryScope;
  readonly createdMs: number;
  readonly changedMs: number;
  readonly wish: Wish;
  readonly lease?: Lease;
  readonly state: AgentState;
}

/** What a list tells of a mission. */
export interface MissionSummary {
  readonly id: string;
  readonly goal: string;
  readonly phase: MissionPhase;
  readonly createdMs: number;
  readonly changedMs: number;
}

const form: StateForm<MissionRecord> = {
  what: 'mission',
  version: 1,
  read: (data) => {
    const record = fromJson(data as Json) as Partial<MissionRecord>;
    const isWhole = typeof record.id === 'string' && isRecord(record.state) && isRecord(record.state.work);
    return isWhole ? (record as MissionRecord) : undefined;
  },
};

const recordKey = (id: string): string => `missions/record/${id}`;
const summaryKey = (id: string): string => `missions/summary/${id}`;
const summaries = { from: 'missions/summary/', to: 'missions/summary0' };

const bytesOf = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(toJson(value)));

/** The mission in a record. */
export const missionOf = ({ state }: MissionRecord): Mission => state.work as Mission;

const summaryOf = (record: MissionRecord): MissionSummary => {
  const { id, goal, createdMs, changedMs } = record;
  return { id, goal, phase: missionOf(record).phase, createdMs, changedMs };
};

const summaryChange = (record: MissionRecord) =>
  ({ type: 'put', key: summaryKey(record.id), value: bytesOf({ version: 1, ...summaryOf(record) }) }) as const;

const notFound = (id: string): PipewrightError =>
  new PipewrightError('not-found', `There is no mission \`${id}\` in the store.`, { details: { where: id } });

/** @throws {PipewrightError} `not-found`, `store-damaged`, `store-newer`. */
export const readRecord = async (store: Store, id: string): Promise<MissionRecord> => {
  const bytes = await store.get(recordKey(id));
  if (bytes === undefined) throw notFound(id);
  return decodeState(form, bytes, recordKey(id));
};

/** @throws {PipewrightError} `duplicate-id`. */
export const addRecord = async (store: Store, record: MissionRecord): Promise<void> => {
  const also = [summaryChange(record)];
  if (await store.compareAndSet(recordKey(record.id), undefined, bytesOf(record), { also })) return;
  throw new PipewrightError('duplicate-id', `There is a mission \`${record.id}\` already.`);
};

/** Replaces a record by what `change` makes of it, whoever else changes it; what `change` throws leaves it as it was. */
export const changeRecord = async (
  store: Store,
  id: string,
  change: (record: MissionRecord) => MissionRecord,
  run: Run,
): Promise<MissionRecord> => {
  const key = recordKey(id);
  const changed = await changeEntry(store, key, (bytes) => {
    if (bytes === undefined) throw notFound(id);
    const record: MissionRecord = { ...change(decodeState(form, bytes, key)), changedMs: run.clock.now() };
    return { value: bytesOf(record), also: [summaryChange(record)], result: record };
  });
  // A change always makes a record.
  if (changed === undefined) throw notFound(id);
  return changed;
};

export const readSummaries = async (store: Store): Promise<readonly MissionSummary[]> => {
  const found: MissionSummary[] = [];
  const summaryForm: StateForm<MissionSummary> = {
    what: 'summary of a mission',
    version: 1,
    read: ({ version: _, ...rest }) =>
      typeof rest.id === 'string' && typeof rest.phase === 'string' ? (rest as unknown as MissionSummary) : undefined,
  };
  for await (const [key, bytes] of store.range(summaries)) found.push(decodeState(summaryForm, bytes, key));
  return found;
};

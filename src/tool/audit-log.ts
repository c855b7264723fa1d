import { createHash } from 'node:crypto';
import { changeEntry, decodeState, encodeState, isRecord, type StateForm, type Store } from '../core/index.js';
import type { Audit, AuditEntry } from './audit.js';

export interface AuditLogOptions {
  /** Stands before the keys in the store. @default 'audit/' */
  readonly prefix?: string;
}

/** Where a trail ends: how many entries it has, and the hash over all of them. Kept elsewhere, it proves that nothing was cut off. */
export interface AuditHead {
  readonly count: number;
  readonly hash: string;
}

export interface AuditCheck {
  readonly isIntact: boolean;
  /** Entries that fit together, from the first on. */
  readonly count: number;
  /** What does not fit, where something does not. */
  readonly problem?: string;
}

export interface AuditLog {
  /** For `toolbox({ audit })`. It resolves when the entry is kept. */
  readonly audit: Audit;
  /** From the oldest on. */
  readonly entries: () => AsyncIterable<AuditEntry>;
  readonly head: () => Promise<AuditHead>;
  /** Reads the whole trail and tells whether an entry was changed, taken out or cut off since `head`. */
  readonly check: (head?: AuditHead) => Promise<AuditCheck>;
}

interface Line {
  readonly version: 1;
  readonly entry: AuditEntry;
  /** SHA-256 of the hash of the line before and of this entry. */
  readonly hash: string;
}

const beginning: AuditHead = { count: 0, hash: '' };

const lineForm: StateForm<Line> = {
  what: 'audit trail',
  version: 1,
  read: ({ entry, hash }) =>
    isRecord(entry) && typeof hash === 'string'
      ? { version: 1, entry: entry as unknown as AuditEntry, hash }
      : undefined,
};

const headForm: StateForm<AuditHead> = {
  what: 'audit trail',
  version: 1,
  read: ({ count, hash }) => (typeof count === 'number' && typeof hash === 'string' ? { count, hash } : undefined),
};

const hashOf = (before: string, entry: AuditEntry): string =>
  createHash('sha256').update(before).update(JSON.stringify(entry)).digest('base64url');

const headIn = (bytes: Uint8Array | undefined, key: string): AuditHead =>
  bytes === undefined ? beginning : decodeState(headForm, bytes, key);

/**
 * Keeps the trail of a toolbox in a store, each entry chained to the one before by its hash, so that a change of what was written
 * shows. Several processes may write to one trail. Costs one durable write for each decision and each end of a call.
 * @throws {PipewrightError} (its functions) `store-damaged`, `store-newer`, and what the store throws.
 * @example
 * const trail = auditLog(memoryStore());
 * (await trail.check()).isIntact // => true
 */
export const auditLog = (store: Store, options: AuditLogOptions = {}): AuditLog => {
  const { prefix = 'audit/' } = options;
  const headKey = `${prefix}head`;
  const lineKey = (at: number): string => `${prefix}line/${String(at).padStart(12, '0')}`;
  const head = async (): Promise<AuditHead> => headIn(await store.get(headKey), headKey);

  async function* lines(): AsyncIterable<Line> {
    for await (const [key, bytes] of store.range({ from: lineKey(0), to: `${prefix}line0` })) {
      yield decodeState(lineForm, bytes, key);
    }
  }
  async function* entries(): AsyncIterable<AuditEntry> {
    for await (const { entry } of lines()) yield entry;
  }
  const audit: Audit = async (entry) => {
    await changeEntry(store, headKey, (bytes) => {
      const before = headIn(bytes, headKey);
      const hash = hashOf(before.hash, entry);
      const line: Line = { version: 1, entry, hash };
      const put = { type: 'put', key: lineKey(before.count), value: encodeState(line) } as const;
      const value = encodeState({ version: 1, count: before.count + 1, hash });
      return { value, also: [put], result: undefined };
    });
  };
  const check = async (known?: AuditHead): Promise<AuditCheck> => {
    const end = known ?? (await head());
    let at = beginning;
    let isPast = end.count === 0;
    for await (const { entry, hash } of lines()) {
      if (hash !== hashOf(at.hash, entry)) {
        return {
          isIntact: false,
          count: at.count,
          problem: `Entry ${at.count + 1} does not follow from those before.`,
        };
      }
      at = { count: at.count + 1, hash };
      if (at.count === end.count) {
        if (hash !== end.hash) {
          return { isIntact: false, count: at.count, problem: `Entry ${at.count} is not the one that was known.` };
        }
        isPast = true;
      }
    }
    if (isPast) return { isIntact: true, count: at.count };
    return { isIntact: false, count: at.count, problem: `${end.count} entries were known, ${at.count} are there.` };
  };
  return { audit, entries, head, check };
};

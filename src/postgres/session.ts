import type { Run } from '../core/index.js';

/** What statements take as parameters. */
export type SqlValue = string | number | boolean | null | Uint8Array | readonly string[] | readonly number[];

/** A row as it is read: texts, numbers, booleans, bytes. */
export type SqlRow = Readonly<Record<string, unknown>>;

/** One connection, as long as it is lent. */
export interface Session {
  /** One statement; `$1` stands for the first value. */
  readonly query: <Row = SqlRow>(text: string, values?: readonly SqlValue[]) => Promise<readonly Row[]>;
}

export interface TransactionOptions {
  /** Cancels the statement that is under way, and rolls back. */
  readonly run?: Run | undefined;
  /** Settings of the server that hold for this transaction only. */
  readonly settings?: Readonly<Record<string, string | number>>;
}

/** What both the driver of servers and the embedded Postgres do for us. */
export interface Driver {
  /** Where the data lies, without secrets. */
  readonly where: string;
  /** Whether several connections work at the same time. */
  readonly isServer: boolean;
  /** One statement in a transaction of its own. */
  readonly query: <Row = SqlRow>(
    text: string,
    values?: readonly SqlValue[],
    options?: QueryOptions,
  ) => Promise<readonly Row[]>;
  /** All statements of `work` or none. The handle calls `work` again where the server ended it because two waited for each other. */
  readonly transaction: <T>(work: (session: Session) => Promise<T>, options?: TransactionOptions) => Promise<T>;
  /** Statements on one connection, outside of any transaction, each as long as it takes: for building an index. */
  readonly unlimited: <T>(work: (session: Session) => Promise<T>, options?: QueryOptions) => Promise<T>;
  readonly close: () => Promise<void>;
}

export interface QueryOptions {
  /** Cancels the statement. */
  readonly run?: Run | undefined;
}

/** The statement that begins a transaction with these settings. They are ours, never a user's text; checked all the same. */
export const beginText = (settings: TransactionOptions['settings'] = {}): string => {
  const lines = Object.entries(settings).map(([name, value]) => {
    if (!/^[a-z_.]+$/.test(name) || !/^[a-z0-9_]+$/.test(String(value))) throw new TypeError(`No setting: ${name}`);
    return `SET LOCAL ${name} = ${value};`;
  });
  return lines.join(' ');
};

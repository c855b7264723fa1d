import type {
  BusMetrics,
  DeadLetter,
  FullPolicy,
  MemberChange,
  MemberInfo,
  Message,
  Page,
  PageOptions,
  Priority,
} from './types.js';

/** A message on its way: its payload is JSON text, and the broker has not yet said when it was sent. */
export interface Parcel {
  readonly id: string;
  readonly kind: Message['kind'];
  readonly type: string;
  /** The payload, as JSON. */
  readonly body: string;
  readonly from: string;
  readonly to?: string;
  readonly topic?: string;
  readonly priority: Priority;
  readonly threadId?: string;
  readonly correlationId?: string;
  /** Of a response: why the request failed. */
  readonly failure?: { readonly message: string; readonly isRetryable: boolean };
  readonly ttlMs?: number;
}

/** A message as a broker keeps it. */
export interface Envelope extends Omit<Parcel, 'ttlMs'> {
  readonly sentMs: number;
  readonly expiresMs?: number;
}

/** One who joined. Those of one name share a mailbox; the settings of the last one count. */
export interface Seat {
  readonly name: string;
  /** Tells those of one name apart. */
  readonly instance: string;
  readonly topics: readonly string[];
  readonly capacity: number;
  readonly onFull: FullPolicy;
  readonly leaseMs: number;
  /** Whether the broker gives the signs of life by itself. */
  readonly isAuto: boolean;
}

/** Where a parcel goes: one mailbox, those of a topic, or all; the last two without that of the sender. */
export type Route =
  | { readonly type: 'member'; readonly name: string }
  | { readonly type: 'topic'; readonly topic: string }
  | { readonly type: 'all' };

export interface SendOutcome {
  /** How many mailboxes took it. */
  readonly receivers: number;
  /** False when a member was addressed that is not there. */
  readonly isKnown: boolean;
  /** Mailboxes that are full, and whose senders wait. */
  readonly full: readonly string[];
  /** Mailboxes that are full, and refuse. */
  readonly refused: readonly string[];
}

export interface Taken {
  /** Names this delivery to the broker. */
  readonly receipt: string;
  readonly envelope: Envelope;
  readonly attempt: number;
  /** How long it is still good for. */
  readonly remainingMs: number;
}

/** What became of a delivery. A response goes to the requester. */
export type Settlement =
  | { readonly type: 'done'; readonly response?: Parcel }
  /** Back to its place; `isCounted` when this attempt counts. */
  | { readonly type: 'again'; readonly isCounted: boolean }
  | {
      readonly type: 'dead';
      readonly reason: 'failed' | 'invalid';
      readonly error: string;
      readonly response?: Parcel;
    };

/** What a broker tells a bus. */
export type Notice =
  /** There may be mail. */
  | { readonly type: 'mail'; readonly name: string }
  /** A mailbox that was full has room again. */
  | { readonly type: 'room'; readonly name: string }
  | { readonly type: 'response'; readonly envelope: Envelope }
  /** The requester gave up: work on this message is in vain. */
  | { readonly type: 'withdrawn'; readonly id: string }
  | MemberChange;

/**
 * Where mailboxes lie and messages wait: in this process, or on a server. `messageBus` makes a bus of it. A broker delivers in the
 * order of priority, then of sending; hands a message to one instance at a time until that settles it or dies; and keeps
 * everything within its limits.
 */
export interface Broker {
  /** What errors call it. */
  readonly where: string;
  /** Whether other processes write to it: what comes is then checked again. */
  readonly isShared: boolean;
  /** The one who hears the notices; set before anybody joins. */
  readonly listen: (listener: (notice: Notice) => void) => void;
  readonly join: (seat: Seat) => Promise<void>;
  /** Gives back what the instance holds. When it was the last of its name, its mail becomes dead letters. */
  readonly leave: (seat: Seat) => Promise<void>;
  readonly heartbeat: (seat: Seat) => Promise<void>;
  readonly send: (parcel: Parcel, route: Route) => Promise<SendOutcome>;
  /** At most `max` messages, without waiting for any. */
  readonly take: (seat: Seat, max: number) => Promise<readonly Taken[]>;
  /** Only the first settlement of a receipt counts. */
  readonly settle: (seat: Seat, taken: Taken, settlement: Settlement) => Promise<void>;
  /** Takes back a request whose requester gave up: it leaves the mailbox, or work on it is aborted. */
  readonly withdraw: (requestId: string, to: string) => Promise<void>;
  readonly members: () => Promise<readonly MemberInfo[]>;
  readonly history: (threadId: string, page: PageRequest) => Promise<Page<Envelope>>;
  readonly deadLetters: (page: PageRequest) => Promise<Page<DeadEnvelope>>;
  readonly metrics: () => Promise<BusMetrics>;
  readonly close: () => Promise<void>;
}

/** A page to read; its `limit` is known. */
export interface PageRequest extends PageOptions {
  readonly limit: number;
}

/** A dead letter as a broker keeps it. */
export interface DeadEnvelope extends Omit<DeadLetter, 'message'> {
  readonly envelope: Envelope;
}

/** The places of the priorities: 0 is taken first. */
export const priorities: readonly Priority[] = ['high', 'normal', 'low'];

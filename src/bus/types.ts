import type { Run, Schema, StepLike } from '../core/index.js';

/** Urgent messages are taken before all others that wait in a mailbox, strictly. */
export type Priority = 'high' | 'normal' | 'low';

/** The payloads of a bus, by the type of the message: `{ task: Task; finding: Finding }`. */
export type MessageTypes = Readonly<Record<string, unknown>>;

/** A schema for each type of message. Schemas check, they do not transform: a receiver may check again. */
export type MessageSchemas<Types extends MessageTypes = MessageTypes> = {
  readonly [Type in keyof Types]: Schema<Types[Type]>;
};

/** What one message tells beside its payload. */
export interface Message<Type extends string = string, Payload = unknown> {
  /** The same for every receiver and in every redelivery: what an effect is counted once by. */
  readonly id: string;
  /** An `event` asks for nothing, a `request` is answered by a `response`. */
  readonly kind: 'event' | 'request' | 'response';
  readonly type: Type;
  readonly payload: Payload;
  /** Name of the member that sent it. */
  readonly from: string;
  /** The member that it was sent to; undefined when it went to a topic or to everybody. */
  readonly to?: string;
  /** The topic that it was published to. */
  readonly topic?: string;
  readonly priority: Priority;
  /** The conversation that it belongs to. */
  readonly threadId?: string;
  /** Of a response: the id of the request that it answers. */
  readonly correlationId?: string;
  /** Of a response: why the request failed. */
  readonly error?: string;
  /** When the bus took it, in milliseconds since 1970. */
  readonly sentMs: number;
  /** When it is over, on the same clock. */
  readonly expiresMs?: number;
}

/** A message of the bus, told apart by `type`. */
export type BusMessage<Types extends MessageTypes = MessageTypes> = {
  readonly [Type in keyof Types & string]: Message<Type, Types[Type]>;
}[keyof Types & string];

export interface MessageOptions {
  /** Sent again under the same id within the window of the bus, it is delivered once. @default drawn at random */
  readonly id?: string;
  /** @default 'normal' */
  readonly priority?: Priority;
  /** The conversation that it belongs to; only conversations have a history. @default none */
  readonly threadId?: string;
  /** A message that nobody took within this time becomes a dead letter. @default it stays; a request: its `timeoutMs` */
  readonly ttlMs?: number;
  /** Longest wait for room in a full mailbox; of a request, for its response. @default `timeoutMs` of the bus */
  readonly timeoutMs?: number;
}

/** A message to be sent: its type, its payload (plain data), and how it travels. */
export type Draft<Types extends MessageTypes = MessageTypes> = {
  readonly [Type in keyof Types & string]: { readonly type: Type; readonly payload: Types[Type] };
}[keyof Types & string] &
  MessageOptions;

export interface Sent {
  readonly id: string;
  /** How many mailboxes took it; 0 for a message whose id was sent before, and for a topic without subscribers. */
  readonly receivers: number;
}

/** A message as its receiver holds it: its mailbox keeps it until it is settled, in one of four ways. Only the first counts. */
export interface Delivery<Types extends MessageTypes = MessageTypes> {
  readonly message: BusMessage<Types>;
  /** 1 the first time; more when it comes again after a failure, or after its receiver died. */
  readonly attempt: number;
  /** Done. A request that is acknowledged without a response fails for its requester. */
  readonly ack: () => Promise<void>;
  /** Answers a request, with plain data, and is done. For an event it is `ack`. */
  readonly reply: (payload: unknown) => Promise<void>;
  /** It failed: a request fails for its requester; an event comes again, and after `maxAttempts` becomes a dead letter. */
  readonly fail: (error: unknown) => Promise<void>;
  /** Puts it back in its place, as if it had not been taken. */
  readonly release: () => Promise<void>;
}

/** What happens to a message for a mailbox that is full. */
export type FullPolicy =
  /** The sender waits for room, for its `timeoutMs` at most. 1000 sends of a process may wait for one mailbox. */
  | 'wait'
  /** The sender gets `queue-full`. */
  | 'refuse'
  /** The least urgent message that waits, the oldest of them, becomes a dead letter; it may be the new one. */
  | 'drop-oldest';

export interface JoinOptions {
  /** What it hears beside its own mail and broadcasts. @default none */
  readonly topics?: readonly string[];
  /** Places in its mailbox: messages that wait, and those taken that are not settled yet. @default 1000 */
  readonly capacity?: number;
  /** @default 'wait' */
  readonly onFull?: FullPolicy;
  /** How often an event is delivered before it becomes a dead letter. @default 3 */
  readonly maxAttempts?: number;
  /** A member that gives no sign of life for so long is taken for dead. @default 15000 */
  readonly leaseMs?: number;
  /**
   * `auto` gives signs of life as long as the process lives. With `manual` only `heartbeat()` and settling a message do, so that a member that hangs
   * is seen too. @default 'auto'
   */
  readonly heartbeat?: 'auto' | 'manual';
}

export interface ServeOptions {
  /** Messages worked on at once. @default 1 */
  readonly concurrency?: number;
  /** Longest time for one message. A request has its deadline too. @default Infinity */
  readonly timeoutMs?: number;
}

export interface RequestOptions<Reply> {
  /** What the response must be; `output-invalid` when it is not. @default unchecked */
  readonly replySchema?: Schema<Reply>;
}

/** One who takes part. Dispose it, or `leave()`, when it is over. */
export interface Member<Types extends MessageTypes = MessageTypes> extends AsyncDisposable {
  readonly name: string;
  /**
   * Sends to one member. Resolves when its mailbox has the message.
   * @throws {PipewrightError} `not-found` when nobody of this name is there; `queue-full` (retryable); `bad-input` for a payload that is
   * not plain data, too large, or not what the schema of its type asks for; `connection-lost` and `timeout` of a server, both retryable.
   */
  readonly send: (to: string, message: Draft<Types>, run?: Run) => Promise<Sent>;
  /** Sends to every other member that subscribed to the topic. Nobody is no failure. Throws as `send` does. */
  readonly publish: (topic: string, message: Draft<Types>, run?: Run) => Promise<Sent>;
  /** Sends to every other member. Throws as `send` does. */
  readonly broadcast: (message: Draft<Types>, run?: Run) => Promise<Sent>;
  /**
   * Sends a request and resolves to the payload of its response. Giving up, by abort or time-out, aborts the work on it.
   * @throws {PipewrightError} what `send` throws; `timeout` (retryable) when no response came in time; `member-left` (retryable) when the
   * other one left or died; `member-failed` when its work failed.
   */
  readonly request: <Reply = unknown>(
    to: string,
    message: Draft<Types> & RequestOptions<Reply>,
    run?: Run,
  ) => Promise<Reply>;
  /**
   * The mail, one by one. Asking for the next acknowledges the one before, unless it is settled; leaving the loop releases
   * it. Ends when the member leaves; rejects with the reason of the run when that is aborted.
   */
  readonly receive: (run?: Run) => AsyncIterableIterator<Delivery<Types>>;
  /**
   * Calls the handler for each message: what it returns answers a request, what it throws fails the message. Its run is aborted at the
   * deadline, when the requester gives up, and when the member leaves. Resolves when the member has left; rejects with the
   * reason of the run when that is aborted.
   */
  readonly serve: (handler: StepLike<BusMessage<Types>, unknown>, options?: ServeOptions, run?: Run) => Promise<void>;
  /** A sign of life; only needed with `heartbeat: 'manual'`. */
  readonly heartbeat: () => Promise<void>;
  /**
   * Leaves: requests under way reject with `member-left`, handlers are aborted, what was taken and not settled goes back. When nobody of the name is
   * left, its mail becomes dead letters.
   */
  readonly leave: () => Promise<void>;
}

export interface MemberInfo {
  readonly name: string;
  /** How many have joined under the name; they share one mailbox, and each message goes to one of them. */
  readonly instances: number;
  readonly topics: readonly string[];
  /** Messages in its mailbox. */
  readonly depth: number;
}

/** A member came, or the last one of a name went. `died` gave no sign of life within its lease. */
export type MemberChange =
  | { readonly type: 'member-joined'; readonly name: string }
  | { readonly type: 'member-left'; readonly name: string; readonly reason: 'left' | 'died' };

export interface DeadLetter {
  /** Its payload has not been checked. */
  readonly message: Message;
  /** Whose mailbox it was in. */
  readonly member: string;
  readonly reason: 'expired' | 'failed' | 'dropped' | 'member-left' | 'invalid';
  /** What failed, where it was a failure. */
  readonly error?: string;
  readonly atMs: number;
}

export interface PageOptions {
  /** Goes on behind this place: the `next` of the page before. @default the beginning */
  readonly after?: string;
  /** @default 100 */
  readonly limit?: number;
}

export interface Page<T> {
  /** Oldest first. */
  readonly items: readonly T[];
  /** Where the next page begins; undefined on the last one. */
  readonly next?: string;
}

/** Sums since the bus began; `depth` is now. Counted once per mailbox. */
export interface BusMetrics {
  /** Put into a mailbox. */
  readonly sent: number;
  /** Handed to a receiver, each time. */
  readonly delivered: number;
  /** Of those, not for the first time. */
  readonly redelivered: number;
  /** Settled well. */
  readonly acknowledged: number;
  /** Not delivered because their id had been sent before. */
  readonly duplicates: number;
  /** Refused because a mailbox was full. */
  readonly refused: number;
  /** Dead letters, by reason. */
  readonly expired: number;
  readonly failed: number;
  readonly dropped: number;
  readonly undeliverable: number;
  /** Messages in all mailboxes now. */
  readonly depth: number;
}

/** Members that send each other messages, in this process or across machines. */
export interface MessageBus<Types extends MessageTypes = MessageTypes> extends AsyncDisposable {
  /**
   * Takes part under a name. Several may join under one: they share its mailbox. The member leaves when `run` is aborted.
   * @throws {PipewrightError} `bad-option`, `bus-closed`.
   */
  readonly join: (name: string, options?: JoinOptions, run?: Run) => Promise<Member<Types>>;
  /** Those who are there, by name. */
  readonly members: () => Promise<readonly MemberInfo[]>;
  /** Calls `listener`, which must not throw, for every change; the returned function takes it away again. */
  readonly onMember: (listener: (change: MemberChange) => void) => () => void;
  /** The messages of a conversation, oldest first. Bounded: the oldest ones and the least used conversations go. */
  readonly history: (threadId: string, page?: PageOptions) => Promise<Page<Message>>;
  /** What could not be delivered, oldest first. Bounded: the oldest ones go. */
  readonly deadLetters: (page?: PageOptions) => Promise<Page<DeadLetter>>;
  readonly metrics: () => Promise<BusMetrics>;
  /** Every member that joined through this object leaves; what is asked for afterwards rejects with `bus-closed`. */
  readonly close: () => Promise<void>;
}

export interface BusLimits {
  /** Largest payload, as JSON in UTF-8. @default 1048576 */
  readonly maxPayloadBytes?: number;
  /** Messages kept of one conversation. @default 1000 */
  readonly maxThreadMessages?: number;
  /** Conversations kept. @default 1000 */
  readonly maxThreads?: number;
  /** @default 1000 */
  readonly maxDeadLetters?: number;
  /** How long an id is remembered, so that its message is delivered once. @default 300000 */
  readonly dedupeMs?: number;
  /** How many ids are remembered. @default 10000 */
  readonly maxDedupeIds?: number;
}

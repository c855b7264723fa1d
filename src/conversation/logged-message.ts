import {
  fromJson,
  type Json,
  type Message,
  type Metadata,
  messageOf,
  PipewrightError,
  sliceTimer,
  toJson,
  yieldToEventLoop,
} from '../core/index.js';

/** A message to be kept, with facts that a log may hold beside it. A plain message is one. */
export interface NewMessage extends Message {
  /** What it takes, where somebody has counted. */
  readonly tokens?: number;
  /** What the call that made it cost, where that is known. */
  readonly costUsd?: number;
  readonly metadata?: Metadata;
  /** When it was said. @default the clock of the run */
  readonly createdMs?: number;
}

/** A message as it is kept: what was said, letter by letter and byte by byte. */
export interface LoggedMessage {
  /** Its place in the conversation. Later messages have higher numbers; none is given twice. */
  readonly seq: number;
  readonly message: Message;
  /** Milliseconds since 1970. */
  readonly createdMs: number;
  readonly tokens?: number;
  readonly costUsd?: number;
  readonly metadata?: Metadata;
}

export const formatVersion = 1;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

/** Plain data as bytes that `decodeEntry` reads. */
export const encodeEntry = (value: object): Uint8Array =>
  encoder.encode(JSON.stringify(toJson({ version: formatVersion, ...value }, { isExact: true })));

const damaged = (key: string, cause?: unknown): PipewrightError => {
  const why = cause === undefined ? '' : `: ${messageOf(cause)}`;
  const message = `The entry \`${key}\` of a conversation is damaged${why}. Restore the store from a copy, or clear the conversation.`;
  return new PipewrightError('store-damaged', message, { cause, details: { where: key } });
};

/**
 * The fields of an entry, as far as `isRight` recognises them.
 * @throws {PipewrightError} `store-newer` or `store-damaged`, with the key.
 */
export const decodeEntry = <T>(
  key: string,
  bytes: Uint8Array,
  isRight: (value: Record<string, unknown>) => boolean,
): T => {
  let value: unknown;
  try {
    value = fromJson(JSON.parse(decoder.decode(bytes)) as Json);
  } catch (cause) {
    throw damaged(key, cause);
  }
  if (typeof value !== 'object' || value === null) throw damaged(key);
  const { version, ...fields } = value as Record<string, unknown>;
  if (typeof version === 'number' && version > formatVersion) {
    const message = `The entry \`${key}\` of a conversation has version ${version}, this release reads up to ${formatVersion}. Update pipewright.`;
    throw new PipewrightError('store-newer', message, { details: { where: key } });
  }
  if (version !== formatVersion || !isRight(fields)) throw damaged(key);
  return fields as T;
};

const roles: ReadonlySet<unknown> = new Set(['system', 'user', 'assistant', 'tool']);

const isMessage = (value: unknown): value is Message => {
  if (typeof value !== 'object' || value === null) return false;
  const { role, content } = value as Partial<Message>;
  if (!roles.has(role)) return false;
  if (typeof content === 'string') return true;
  return Array.isArray(content) && content.every((part) => typeof part?.type === 'string');
};

/** A logged message before it has its number. */
export type StoredMessage = Omit<LoggedMessage, 'seq'>;

/**
 * What is kept of a new message.
 * @throws {PipewrightError} `bad-input` when it is no message, or holds what has no plain form.
 */
const storedMessage = (given: NewMessage, nowMs: number): StoredMessage => {
  if (!isMessage(given)) {
    throw new PipewrightError('bad-input', 'A message needs a `role` and a `content` of text or parts.');
  }
  const { role, content, tokens, costUsd, metadata, createdMs = nowMs } = given;
  return {
    message: { role, content },
    createdMs,
    ...(tokens === undefined ? {} : { tokens }),
    ...(costUsd === undefined ? {} : { costUsd }),
    ...(metadata === undefined ? {} : { metadata }),
  };
};

/** New messages and their bytes; gives the event loop its turns where there are many. */
export const storedMessages = async (
  messages: readonly NewMessage[],
  nowMs: number,
): Promise<readonly (readonly [StoredMessage, Uint8Array])[]> => {
  const isDue = sliceTimer();
  const stored: (readonly [StoredMessage, Uint8Array])[] = [];
  for (const given of messages) {
    const message = storedMessage(given, nowMs);
    stored.push([message, encodeEntry(message)]);
    if (isDue()) await yieldToEventLoop();
  }
  return stored;
};

export const decodeMessage = (key: string, seq: number, bytes: Uint8Array): LoggedMessage => ({
  seq,
  ...decodeEntry<StoredMessage>(
    key,
    bytes,
    ({ message, createdMs }) => isMessage(message) && typeof createdMs === 'number',
  ),
});

/** Whether a value has the form of a logged message: it may come from a file. */
export const isLogged = (value: unknown): value is LoggedMessage => {
  if (typeof value !== 'object' || value === null) return false;
  const { seq, message, createdMs, metadata = {} } = value as Partial<LoggedMessage>;
  return (
    Number.isSafeInteger(seq) && isMessage(message) && typeof createdMs === 'number' && typeof metadata === 'object'
  );
};

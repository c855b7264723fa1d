import {
  checkSchema,
  fromJson,
  isPipewrightError,
  messageOf,
  PipewrightError,
  type Random,
  randomId,
  type Schema,
  scrubText,
  toJson,
} from '../core/index.js';
import { type Envelope, type Parcel, priorities } from './broker.js';
import type { Draft, Message, MessageSchemas } from './types.js';

/** Turns what callers give into parcels, and envelopes into what receivers get. Both throw typed errors. */
export interface Codec {
  readonly encode: (draft: Draft, from: string, kind: 'event' | 'request') => Promise<Parcel>;
  readonly decode: (envelope: Envelope) => Promise<Message>;
  readonly respond: (request: Envelope, by: string, payload: unknown) => Parcel;
}

export interface CodecOptions {
  readonly schemas: MessageSchemas | undefined;
  readonly maxPayloadBytes: number;
  /** Whether other processes write too: then what comes is checked again. */
  readonly isShared: boolean;
  readonly random: Random;
}

const maxNameLength = 200;

/** Throws `bad-input` unless it can name a member, topic, type, conversation or message. */
export const checkName = (what: string, name: unknown): void => {
  if (typeof name === 'string' && name !== '' && name.length <= maxNameLength && !/\p{Cc}|\p{Surrogate}/u.test(name))
    return;
  throw new PipewrightError(
    'bad-input',
    `${what} must be a text of 1 to ${maxNameLength} characters without control characters, got ${JSON.stringify(name)?.slice(0, 80)}.`,
  );
};

const checkDraft = ({ type, id, threadId, priority, ttlMs, timeoutMs }: Draft): void => {
  checkName('The `type` of a message', type);
  if (id !== undefined) checkName('The `id` of a message', id);
  if (threadId !== undefined) checkName('`threadId`', threadId);
  if (priority !== undefined && !priorities.includes(priority)) {
    throw new PipewrightError(
      'bad-input',
      `\`priority\` must be one of ${priorities.join(', ')}, got ${String(priority)}.`,
    );
  }
  for (const [name, ms] of Object.entries({ ttlMs, timeoutMs })) {
    if (ms !== undefined && !(ms > 0))
      throw new PipewrightError('bad-input', `\`${name}\` must be above 0, got ${ms}.`);
  }
};

const schemaOf = (schemas: MessageSchemas | undefined, type: string): Schema | undefined => {
  if (schemas === undefined) return undefined;
  if (Object.hasOwn(schemas, type)) return schemas[type];
  throw new PipewrightError(
    'bad-input',
    `The bus has no messages of type \`${type}\`; it has ${Object.keys(schemas).join(', ')}.`,
  );
};

const checkPayload = async (schema: Schema | undefined, type: string, payload: unknown): Promise<unknown> => {
  if (schema === undefined) return payload;
  const result = await checkSchema(schema, payload);
  if (result.isValid) return result.value;
  throw new PipewrightError('bad-input', `The payload of a \`${type}\` is not valid: ${result.issues.join('; ')}.`, {
    details: { issues: result.issues },
  });
};

/** Why a request failed, for its requester: no stack, no secrets. */
const failureOf = (error: unknown): NonNullable<Parcel['failure']> => ({
  message: scrubText(messageOf(error)).slice(0, 1_000),
  isRetryable: isPipewrightError(error) && error.retryable,
});

const responseTo = (
  { id, type, from, priority, threadId }: Envelope,
  by: string,
  answer: Pick<Parcel, 'body' | 'failure'>,
): Parcel => ({
  id: `${id}.response`,
  kind: 'response',
  type,
  from: by,
  to: from,
  priority,
  correlationId: id,
  ...(threadId !== undefined && { threadId }),
  ...answer,
});

/** The response that tells the requester of a failure. */
export const failedResponse = (request: Envelope, by: string, error: unknown): Parcel =>
  responseTo(request, by, { body: 'null', failure: failureOf(error) });

/** The message of an envelope; its payload is a copy of its own, in which `__proto__` is a field like any other. */
export const messageIn = ({ body, failure, ...rest }: Envelope): Message => ({
  ...rest,
  payload: fromJson(JSON.parse(body)),
  ...(failure !== undefined && { error: failure.message }),
});

export const createCodec = ({ schemas, maxPayloadBytes, isShared, random }: CodecOptions): Codec => {
  const bodyOf = (type: string, payload: unknown): string => {
    const body = JSON.stringify(toJson(payload, { isExact: true }));
    const bytes = Buffer.byteLength(body);
    if (bytes <= maxPayloadBytes) return body;
    throw new PipewrightError(
      'bad-input',
      `The payload of a \`${type}\` has ${bytes} bytes; at most ${maxPayloadBytes} (\`maxPayloadBytes\`). Send its address in place of the data.`,
    );
  };
  return {
    encode: async (draft, from, kind) => {
      checkDraft(draft);
      const { type, id = randomId(random), priority = 'normal', threadId, ttlMs } = draft;
      const payload = await checkPayload(schemaOf(schemas, type), type, draft.payload);
      return {
        id,
        kind,
        type,
        body: bodyOf(type, payload),
        from,
        priority,
        ...(threadId !== undefined && { threadId }),
        ...(ttlMs !== undefined && ttlMs < Infinity && { ttlMs }),
      };
    },
    decode: async (envelope) => {
      const message = messageIn(envelope);
      if (!isShared) return message;
      const { type, payload } = message;
      return { ...message, payload: await checkPayload(schemaOf(schemas, type), type, payload) };
    },
    respond: (request, by, payload) =>
      responseTo(request, by, { body: bodyOf(`response to ${request.type}`, payload) }),
  };
};

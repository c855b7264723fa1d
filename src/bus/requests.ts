import { checkSchema, fromJson, PipewrightError, type Run, raceAbort, type Schema } from '../core/index.js';
import type { Broker, Envelope, Parcel } from './broker.js';
import type { Outbox } from './outbox.js';

/** Requests under way, and what ends them. */
export interface Requests {
  readonly ask: (request: OutgoingRequest, run: Run) => Promise<unknown>;
  readonly onResponse: (response: Envelope) => void;
  /** Fails those to a member that is gone. */
  readonly onGone: (name: string, reason: 'left' | 'died') => void;
}

export interface OutgoingRequest {
  readonly parcel: Parcel;
  readonly to: string;
  readonly timeoutMs: number;
  readonly replySchema: Schema | undefined;
}

interface Pending {
  readonly to: string;
  readonly answer: (response: Envelope) => void;
  readonly abort: (reason: unknown) => void;
}

/** Of whoever left while something depended on it. */
export const memberLeft = (name: string, what: string): PipewrightError =>
  new PipewrightError('member-left', `The member \`${name}\` ${what}.`, { retryable: true, details: { where: name } });

const payloadOf = async ({ body, failure, from, type }: Envelope, schema: Schema | undefined): Promise<unknown> => {
  if (failure !== undefined) {
    throw new PipewrightError('member-failed', `\`${from}\` failed at a request \`${type}\`: ${failure.message}`, {
      retryable: failure.isRetryable,
      details: { where: from },
    });
  }
  const payload = fromJson(JSON.parse(body));
  if (schema === undefined) return payload;
  const checked = await checkSchema(schema, payload);
  if (checked.isValid) return checked.value;
  throw new PipewrightError(
    'output-invalid',
    `The response of \`${from}\` to a request \`${type}\` is not valid: ${checked.issues.join('; ')}.`,
    { details: { issues: checked.issues, where: from } },
  );
};

export const createRequests = (broker: Broker, outbox: Outbox): Requests => {
  const pending = new Map<string, Pending>();

  const responseTo = async ({ parcel, to, timeoutMs }: OutgoingRequest, run: Run): Promise<Envelope> => {
    using scope = run.scope();
    const answered = new Promise<Envelope>((answer) => {
      pending.set(parcel.id, { to, answer, abort: (reason) => scope.abort(reason) });
    });
    const stopTimer = run.clock.after(timeoutMs, () => {
      const message = `\`${to}\` did not respond to a request \`${parcel.type}\` in ${timeoutMs} ms.`;
      scope.abort(new PipewrightError('timeout', message, { retryable: true, details: { where: to } }));
    });
    try {
      await outbox.send(parcel, { type: 'member', name: to }, timeoutMs, scope.run);
      return await raceAbort(answered, scope.run);
    } catch (error) {
      // Best effort: what cannot be told ends by its deadline.
      broker.withdraw(parcel.id, to).catch(() => undefined);
      throw error;
    } finally {
      stopTimer();
      pending.delete(parcel.id);
    }
  };

  return {
    ask: async (request, run) => {
      const { id } = request.parcel;
      if (pending.has(id)) throw new PipewrightError('duplicate-id', `A request with the id \`${id}\` is under way.`);
      return payloadOf(await responseTo(request, run), request.replySchema);
    },
    onResponse: (response) => pending.get(response.correlationId ?? '')?.answer(response),
    onGone: (name, reason) => {
      const why =
        reason === 'left' ? 'left before it had answered' : 'gave no more sign of life before it had answered';
      for (const { to, abort } of pending.values()) if (to === name) abort(memberLeft(name, why));
    },
  };
};

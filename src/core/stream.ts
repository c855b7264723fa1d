import { isPipewrightError, messageOf, PipewrightError } from './errors.js';
import { EventQueue, type Projection } from './event-queue.js';
import type { RunEvent } from './events.js';
import { createRun, type Run, type RunOptions, type ScopeOptions } from './run.js';
import { callStep, type StepLike } from './step.js';
import { deltas, snapshots } from './text-view.js';

export interface StreamOptions extends Omit<RunOptions, 'on'> {
  /**
   * Watches inside this run instead of making a new one: its signal, budget and listeners apply beside those given here, its
   * clock, random numbers and id instead of them.
   */
  readonly run?: Run;
  /** Which events are read. @default all */
  readonly only?: (event: RunEvent) => boolean;
}

/**
 * A call that is under way. It runs whether or not anybody reads. Its events can be read once: as events, as `.text`, as
 * `.snapshots` or as a response. Leaving the loop early cancels the run, down to the socket.
 */
export interface StepStream<Out> extends AsyncIterable<RunEvent> {
  /** Text as it arrives. Fails with `text-retracted` when text already given out is withdrawn and replaced by other text. */
  readonly text: AsyncIterable<string>;
  /** The whole text so far, each time it changes; a retraction makes it shorter. */
  readonly snapshots: AsyncIterable<string>;
  /** What the step resolves to. It rejects as the step does; nobody has to wait for it. */
  readonly result: Promise<Out>;
  /** A server-sent-event response: `text-delta`, `retract`, … then `result` or `error`. A client that leaves cancels the run. */
  readonly toResponse: (init?: ResponseInit) => Response;
  /** Stops the run; `result` then rejects with the reason. */
  readonly cancel: (reason?: unknown) => void;
}

const abortError = (): Error => new DOMException('The reader left the stream.', 'AbortError');

/**
 * Calls a step and lets you watch: `for await (const event of stream(ask, '…'))`.
 * @example (await stream((n: number) => n + 1, 1).result) // => 2
 */
export const stream = <In, Out>(
  step: StepLike<In, Out>,
  input: NoInfer<In>,
  options: StreamOptions = {},
): StepStream<Out> => {
  const { run: outer = createRun(options), only } = options;
  const queue = new EventQueue();
  const scope = outer.scope({
    // A run that was made here has them already.
    ...(options.run === undefined ? {} : givenBeside(options)),
    on: (event) => {
      if (only === undefined || only(event)) queue.push(event);
    },
  });
  const result = start(step, input, scope.run, queue);
  // A caller who reads only the events must not be punished for not awaiting the result, which carries the same failure.
  result.catch(() => undefined).finally(() => scope[Symbol.dispose]());
  const cancel = (reason: unknown = abortError()): void => scope.abort(reason);
  const read = readOnce(queue, cancel);
  const readable = <T>(projection: () => Projection<T>): AsyncIterable<T> => ({
    [Symbol.asyncIterator]: () => read(projection()),
  });
  return {
    ...readable<RunEvent>(() => ({ take: (event) => event })),
    text: readable(deltas),
    snapshots: readable(snapshots),
    result,
    toResponse: (init) => toResponse(read({ take: publicEvent }), result, cancel, init),
    cancel,
  };
};

const givenBeside = ({ signal, budget, values }: StreamOptions): ScopeOptions => ({
  ...(signal === undefined ? {} : { signal }),
  ...(budget === undefined ? {} : { budget }),
  ...(values === undefined ? {} : { values }),
});

const start = async <In, Out>(step: StepLike<In, Out>, input: In, run: Run, queue: EventQueue): Promise<Out> => {
  try {
    await Promise.resolve();
    run.throwIfAborted();
    const output = await callStep(step, input, run);
    run.throwIfAborted();
    queue.close();
    return output;
  } catch (caught) {
    const error = reasonOr(run, caught);
    queue.close({ error });
    throw error;
  }
};

/** After a cancel the reason counts, whatever a step threw because of it. */
const reasonOr = (run: Run, caught: unknown): unknown => {
  try {
    run.throwIfAborted();
    return caught;
  } catch (reason) {
    return reason;
  }
};

/** Hands the queue to one reader; whoever stops before the end cancels the run. */
const readOnce = (
  queue: EventQueue,
  cancel: () => void,
): (<T>(projection: Projection<T>) => AsyncIterator<T, undefined>) => {
  let isTaken = false;
  return (projection) => {
    if (isTaken) {
      throw new PipewrightError(
        'bad-input',
        'The events of this stream are being read already. Read them once: as events, `.text`, `.snapshots` or a response.',
      );
    }
    isTaken = true;
    return queue.read(projection, cancel);
  };
};

/** What a client gets to see of an event. Inputs, outputs and prompts stay on the server. */
const publicEvent = (event: RunEvent): object | undefined => {
  const { type, span } = event;
  const place = { span: span.id, path: span.path };
  switch (type) {
    case 'text-delta':
    case 'reasoning-delta':
      return { type, text: event.text, ...place };
    case 'retract':
      return { type, reason: event.reason, ...place };
    case 'progress':
      return { type, label: event.label, done: event.done, total: event.total, ...place };
    default:
      return undefined;
  }
};

const publicError = (error: unknown): object =>
  isPipewrightError(error)
    ? { code: error.code, message: error.message, retryable: error.retryable }
    : {
        code: 'internal',
        message: error instanceof DOMException ? messageOf(error) : 'The call failed.',
        retryable: false,
      };

const frame = (encoder: TextEncoder, data: object): Uint8Array => encoder.encode(`data: ${JSON.stringify(data)}\n\n`);

const toResponse = (
  events: AsyncIterator<object, undefined>,
  result: Promise<unknown>,
  cancel: (reason?: unknown) => void,
  init: ResponseInit = {},
): Response => {
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      try {
        const { done, value } = await events.next();
        if (!done) {
          controller.enqueue(frame(encoder, value));
          return;
        }
        controller.enqueue(frame(encoder, { type: 'result', value: await result }));
      } catch (error) {
        controller.enqueue(frame(encoder, { type: 'error', error: publicError(error) }));
      }
      controller.close();
    },
    cancel: async (reason) => {
      cancel(reason ?? abortError());
      await events.return?.();
    },
  });
  const headers = new Headers(init.headers);
  if (!headers.has('content-type')) headers.set('content-type', 'text/event-stream; charset=utf-8');
  if (!headers.has('cache-control')) headers.set('cache-control', 'no-cache, no-transform');
  return new Response(body, { ...init, headers });
};

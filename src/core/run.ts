import { EventEmitter } from 'eventemitter3';
import { type Clock, type Random, randomId, systemClock, systemRandom } from './clock.js';
import { messageOf } from './errors.js';
import type { RunEvent, RunEventBody, RunListener, Span } from './events.js';
import { type Budget, createMeter, type Meter } from './meter.js';

/**
 * What every step gets beside its input: the one value that carries cancellation, events, spending, time and chance.
 * Make one with `createRun`; a step that is called without a run makes its own.
 */
export interface Run {
  readonly id: string;
  /** Aborts when the caller gives up. Every wait takes it. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly random: Random;
  readonly meter: Meter;
  readonly span: Span;
  /** Whether somebody listens. Ask before you build an event that costs something. */
  readonly isWatched: boolean;
  readonly emit: (event: RunEventBody) => void;
  /** Throws the reason of the signal if that has aborted. Cheaper than reading `signal`. */
  readonly throwIfAborted: () => void;
  /** A run inside this one, with a span of its own. */
  readonly child: (name: string, options?: ChildRunOptions) => Run;
  /** The same span with another signal, a further listener or budget, or more values. */
  readonly with: (options: ChildRunOptions) => Run;
  /** What a run above attached under this key. */
  readonly get: <T>(key: RunKey<T>) => T | undefined;
}

/** Names a value that travels with a run. Make it once, beside the code that reads it. */
export interface RunKey<T> {
  readonly name: string;
  /** Only for the compiler: the type of the value. */
  readonly '~type'?: T;
}

/** @example const tenantKey = runKey<string>('tenant') */
export const runKey = <T>(name: string): RunKey<T> => ({ name });

export interface ChildRunOptions {
  /** Replaces the signal. Link it to the parent's (`linkedController`), or cancelling the parent will not reach it. */
  readonly signal?: AbortSignal;
  /** Hears the events of this child and of those inside it; listeners above hear them too. */
  readonly on?: RunListener;
  /** A further limit, inside those of the runs above. */
  readonly budget?: Budget;
  /** Values that travel with the child, by their `RunKey`. */
  readonly values?: ReadonlyMap<object, unknown>;
}

export interface RunOptions {
  /** @default never aborts */
  readonly signal?: AbortSignal;
  /** Hears every event. What it throws is reported as a process warning and breaks nothing. */
  readonly on?: RunListener;
  readonly budget?: Budget;
  /** @default the real clock */
  readonly clock?: Clock;
  /** @default the platform's random numbers */
  readonly random?: Random;
  /** Drawn from `random` when left out. */
  readonly id?: string;
  /** Values that travel with the run, by their `RunKey`. */
  readonly values?: ReadonlyMap<object, unknown>;
}

/** One listener and those above it. */
interface Sink {
  readonly emitter: EventEmitter<{ event: [RunEvent] }>;
  readonly above: Sink | undefined;
}

/** What all runs under one root share. */
interface Shared {
  readonly id: string;
  readonly clock: Clock;
  readonly random: Random;
  lastSpanId: number;
}

/** The signal is made when somebody asks for it, so that a run without one costs nothing. */
interface SignalSlot {
  signal: AbortSignal | undefined;
}

const warnOf = (error: unknown): void => {
  process.emitWarning(`A run listener failed: ${messageOf(error)}. The run goes on without it being told.`, {
    type: 'PipewrightWarning',
  });
};

const guarded = (listener: RunListener): RunListener => {
  let hasWarned = false;
  const warnOnce = (error: unknown): void => {
    if (!hasWarned) warnOf(error);
    hasWarned = true;
  };
  return (event) => {
    try {
      const result = listener(event);
      if (result instanceof Promise) result.catch(warnOnce);
    } catch (error) {
      warnOnce(error);
    }
  };
};

const sinkOf = (listener: RunListener | undefined, above: Sink | undefined): Sink | undefined => {
  if (listener === undefined) return above;
  const emitter = new EventEmitter<{ event: [RunEvent] }>();
  emitter.on('event', guarded(listener));
  return { emitter, above };
};

const isDelta = (type: RunEventBody['type']): boolean =>
  type === 'text-delta' || type === 'reasoning-delta' || type === 'tool-call-delta';

/** The event with its span and time. The frequent kinds are written out: a spread takes ten times as long. */
const stamped = (body: RunEventBody, span: Span, atMs: number): RunEvent => {
  switch (body.type) {
    case 'text-delta':
      return { type: 'text-delta', text: body.text, span, atMs };
    case 'reasoning-delta':
      return { type: 'reasoning-delta', text: body.text, span, atMs };
    case 'step-start':
      return { type: 'step-start', kind: body.kind, input: body.input, span, atMs };
    case 'step-end':
      return { type: 'step-end', output: body.output, durationMs: body.durationMs, span, atMs };
    default:
      return { ...body, span, atMs };
  }
};

class RunNode implements Run {
  readonly #shared: Shared;
  readonly #slot: SignalSlot;
  readonly #sink: Sink | undefined;
  readonly #values: ReadonlyMap<object, unknown> | undefined;
  readonly #above: RunNode | undefined;
  readonly span: Span;
  readonly meter: Meter;

  constructor(shared: Shared, span: Span, options: ChildRunOptions, above: RunNode | undefined, meter: Meter) {
    this.#shared = shared;
    this.#above = above;
    this.#slot = above === undefined || options.signal !== undefined ? { signal: options.signal } : above.#slot;
    this.#sink = sinkOf(options.on, above === undefined ? undefined : above.#sink);
    this.#values = options.values;
    this.span = span;
    this.meter = meter;
  }

  get id(): string {
    return this.#shared.id;
  }
  get clock(): Clock {
    return this.#shared.clock;
  }
  get random(): Random {
    return this.#shared.random;
  }
  get isWatched(): boolean {
    return this.#sink !== undefined;
  }
  get signal(): AbortSignal {
    this.#slot.signal ??= new AbortController().signal;
    return this.#slot.signal;
  }

  // Arrow fields, so that a step may take them out of the run: `(input, { emit }) => …`.
  readonly throwIfAborted = (): void => {
    const { signal } = this.#slot;
    if (signal?.aborted) throw signal.reason;
  };

  readonly emit = (body: RunEventBody): void => {
    if (this.#sink === undefined) return;
    // Work that is deaf to its signal may still talk after a time-out; its text must not mix with that of the next try.
    if (isDelta(body.type) && this.#slot.signal?.aborted) return;
    const event = stamped(body, this.span, this.#shared.clock.now());
    for (let sink: Sink | undefined = this.#sink; sink !== undefined; sink = sink.above) {
      sink.emitter.emit('event', event);
    }
  };

  readonly child = (name: string, options: ChildRunOptions = {}): Run => {
    const { span } = this;
    const path = [...span.path, name];
    return this.#inner({ id: ++this.#shared.lastSpanId, name, path, parent: span }, options);
  };

  readonly with = (options: ChildRunOptions): Run => this.#inner(this.span, options);

  #inner(span: Span, options: ChildRunOptions): Run {
    const { budget } = options;
    const meter = budget === undefined ? this.meter : createMeter(budget, this.clock, this.meter);
    return new RunNode(this.#shared, span, options, this, meter);
  }

  readonly get = <T>(key: RunKey<T>): T | undefined => {
    const own = this.#values?.get(key);
    return own === undefined ? this.#above?.get(key) : (own as T);
  };
}

/**
 * Makes a run to call steps with: `await ask('…', createRun({ signal, budget: { maxCostUsd: 0.05 } }))`.
 * One run may serve several calls; they share its budget.
 * @example (await pipe((n: number) => n + 1)(1, createRun())) // => 2
 */
export const createRun = (options: RunOptions = {}): Run => {
  const { clock = systemClock, random = systemRandom, budget = {} } = options;
  let { id } = options;
  const shared: Shared = {
    get id() {
      id ??= randomId(random);
      return id;
    },
    clock,
    random,
    lastSpanId: 0,
  };
  return new RunNode(shared, { id: 0, name: 'run', path: [] }, options, undefined, createMeter(budget, clock));
};

import { type Cancellation, CancelScope, SignalCancellation } from './cancel.js';
import { type Clock, onAbort, type Random, randomId, systemClock, systemRandom } from './clock.js';
import type { RunEvent, RunEventBody, RunListener, Span } from './events.js';
import { type Budget, createMeter, type Meter } from './meter.js';
import { isDelta, type Sink, sinkOf, stamped } from './sink.js';

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
  /**
   * Calls `listener`, which must not throw, once when the run is aborted; the returned function takes it away again. Cheaper
   * than listening on `signal`. A run that is aborted already calls nobody: ask `throwIfAborted` first.
   */
  readonly onAbort: (listener: () => void) => () => void;
  /** A part of this run, in the same span, that can be aborted on its own. Dispose it when the part is over. */
  readonly scope: (options?: ScopeOptions) => RunScope;
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
  /** Replaces the signal: cancelling the parent no longer reaches the child. `scope` makes a part that both can abort. */
  readonly signal?: AbortSignal;
  /** Hears the events of this child and of those inside it; listeners above hear them too. */
  readonly on?: RunListener;
  /** Which events of this child the listeners above hear; the listener `on` hears them all. @default every event */
  readonly passes?: (event: RunEvent) => boolean;
  /** A further limit, inside those of the runs above. */
  readonly budget?: Budget;
  /** Counts in place of the meters above, for work that several runs share. */
  readonly meter?: Meter;
  /** Values that travel with the child, by their `RunKey`. */
  readonly values?: ReadonlyMap<object, unknown>;
}

export interface ScopeOptions extends Omit<ChildRunOptions, 'signal'> {
  /** Aborts the scope too, beside the run around it. */
  readonly signal?: AbortSignal;
}

/** A part of a run that can be aborted on its own. */
export interface RunScope extends Disposable {
  readonly run: Run;
  /** Aborts the part; the run around it goes on. */
  abort(reason: unknown): void;
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

/** What all runs under one root share. */
interface Shared {
  /** Drawn when somebody asks for it. */
  id: string | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly startedMs: number;
  lastSpanId: number;
}

class RunNode implements Run {
  readonly #shared: Shared;
  readonly #cancel: Cancellation;
  readonly #sink: Sink | undefined;
  readonly #values: ReadonlyMap<object, unknown> | undefined;
  readonly #above: RunNode | undefined;
  readonly #budget: Budget | undefined;
  readonly #ownMeter: Meter | undefined;
  readonly span: Span;
  #meter: Meter | undefined;

  constructor(
    shared: Shared,
    span: Span,
    options: Omit<ChildRunOptions, 'signal'>,
    cancel: Cancellation,
    above: RunNode | undefined,
  ) {
    this.#shared = shared;
    this.#cancel = cancel;
    this.#above = above;
    this.#sink = sinkOf(options, above === undefined ? undefined : above.#sink);
    this.#values = options.values;
    this.#budget = options.budget;
    this.#ownMeter = options.meter;
    this.span = span;
    // A limit on time counts from here; without a budget the meter can wait until somebody spends.
    if (options.budget !== undefined) this.#meter = this.#makeMeter();
  }

  get id(): string {
    this.#shared.id ??= randomId(this.#shared.random);
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
  get meter(): Meter {
    this.#meter ??= this.#makeMeter();
    return this.#meter;
  }
  get signal(): AbortSignal {
    return this.#cancel.signal;
  }

  // Functions that are bound when they are read, so that a step may take them out of the run: `(input, { emit }) => …`. Most
  // runs are asked for one or two of them.
  #throwIfAborted: Run['throwIfAborted'] | undefined;
  get throwIfAborted(): Run['throwIfAborted'] {
    const cancel = this.#cancel;
    this.#throwIfAborted ??= () => {
      if (cancel.aborted) throw cancel.reason;
    };
    return this.#throwIfAborted;
  }

  #emit: Run['emit'] | undefined;
  get emit(): Run['emit'] {
    this.#emit ??= (body) => this.#send(body);
    return this.#emit;
  }

  get onAbort(): Run['onAbort'] {
    return (listener) => this.#cancel.onAbort(listener);
  }

  get child(): Run['child'] {
    return (name, options = {}) => {
      const { span } = this;
      return this.#inner({ id: ++this.#shared.lastSpanId, name, path: [...span.path, name], parent: span }, options);
    };
  }

  get with(): Run['with'] {
    return (options) => this.#inner(this.span, options);
  }

  get scope(): Run['scope'] {
    return (options) => this.#scope(options);
  }

  #scope(options: ScopeOptions = {}): RunScope {
    const cancel = new CancelScope(this.#cancel);
    return new Scope(new RunNode(this.#shared, this.span, options, cancel, this), cancel, options.signal);
  }

  get get(): Run['get'] {
    return (key) => this.#find(key);
  }

  #send(body: RunEventBody): void {
    if (this.#sink === undefined) return;
    // Work that is deaf to its signal may still talk after a time-out; its text must not mix with that of the next try.
    if (isDelta(body.type) && this.#cancel.aborted) return;
    const event = stamped(body, this.span, this.#shared.clock.now());
    for (let sink: Sink | undefined = this.#sink; sink !== undefined; sink = sink.above) {
      sink.emitter?.emit('event', event);
      if (sink.passes !== undefined && !sink.passes(event)) return;
    }
  }

  #inner(span: Span, options: ChildRunOptions): RunNode {
    const cancel = options.signal === undefined ? this.#cancel : new SignalCancellation(options.signal);
    return new RunNode(this.#shared, span, options, cancel, this);
  }

  #makeMeter(): Meter {
    const { clock, startedMs } = this.#shared;
    if (this.#above === undefined) return createMeter(this.#budget ?? {}, clock, undefined, startedMs);
    const meter = this.#ownMeter ?? this.#above.meter;
    return this.#budget === undefined ? meter : createMeter(this.#budget, clock, meter);
  }

  #find<T>(key: RunKey<T>): T | undefined {
    for (let node: RunNode | undefined = this; node !== undefined; node = node.#above) {
      const own = node.#values?.get(key);
      if (own !== undefined) return own as T;
    }
    return undefined;
  }
}

class Scope implements RunScope {
  readonly run: Run;
  readonly #cancel: CancelScope;
  readonly #forget: (() => void) | undefined;

  constructor(run: Run, cancel: CancelScope, signal: AbortSignal | undefined) {
    this.run = run;
    this.#cancel = cancel;
    if (signal?.aborted) cancel.abort(signal.reason);
    else if (signal !== undefined) this.#forget = onAbort(signal, () => cancel.abort(signal.reason));
  }

  abort(reason: unknown): void {
    this.#cancel.abort(reason);
  }

  [Symbol.dispose](): void {
    this.#forget?.();
    this.#cancel.dispose();
  }
}

/**
 * Makes a run to call steps with: `await ask('…', createRun({ signal, budget: { maxCostUsd: 0.05 } }))`.
 * One run may serve several calls; they share its budget.
 * @example (await pipe((n: number) => n + 1)(1, createRun())) // => 2
 */
export const createRun = (options: RunOptions = {}): Run => {
  const { clock = systemClock, random = systemRandom, id } = options;
  const shared: Shared = { id, clock, random, startedMs: clock.now(), lastSpanId: 0 };
  const span: Span = { id: 0, name: 'run', path: [] };
  return new RunNode(shared, span, options, new SignalCancellation(options.signal), undefined);
};

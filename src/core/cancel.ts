import { setMaxListeners } from 'node:events';
import { onAbort } from './clock.js';

/** What may be aborted, and who wants to know of it. */
export interface Cancellation {
  readonly aborted: boolean;
  /** Only meaningful once aborted. */
  readonly reason: unknown;
  /** For code that listens to platform signals; made when it is first asked for. */
  readonly signal: AbortSignal;
  /** Calls `listener`, which must not throw, once on abort; the returned function takes it away again. */
  readonly onAbort: (listener: () => void) => () => void;
}

/** A platform signal, or none: then it is never aborted. */
export class SignalCancellation implements Cancellation {
  #signal: AbortSignal | undefined;

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal;
  }
  get aborted(): boolean {
    return this.#signal?.aborted === true;
  }
  get reason(): unknown {
    return this.#signal?.reason;
  }
  get signal(): AbortSignal {
    this.#signal ??= new AbortController().signal;
    return this.#signal;
  }
  onAbort(listener: () => void): () => void {
    return this.#signal === undefined ? nothing : onAbort(this.#signal, listener);
  }
}

const nothing = (): void => undefined;

/**
 * A part of what is above that can be aborted on its own. It costs next to nothing until somebody waits for it: it listens to
 * what is above only while somebody listens to it, or has asked for its signal. `dispose` lets go of what is above.
 */
export class CancelScope implements Cancellation {
  readonly #above: Cancellation;
  #isAborted = false;
  #reason: unknown;
  /** Most scopes have one listener at most; only a second one makes the set. */
  #first: (() => void) | undefined;
  #others: Set<() => void> | undefined;
  #own: AbortController | undefined;
  #forgetAbove: (() => void) | undefined;

  constructor(above: Cancellation) {
    this.#above = above;
  }

  get aborted(): boolean {
    return this.#isAborted || this.#above.aborted;
  }

  get reason(): unknown {
    return this.#isAborted ? this.#reason : this.#above.reason;
  }

  /** Aborts what is inside this scope; what is above goes on. Only the first call counts. */
  abort(reason: unknown): void {
    if (!this.aborted) this.#settle(reason);
  }

  get signal(): AbortSignal {
    if (this.#own !== undefined) return this.#own.signal;
    const own = new AbortController();
    this.#own = own;
    // Every step under way below may listen, and there is no bound on how many.
    setMaxListeners(0, own.signal);
    if (this.aborted) own.abort(this.reason);
    else this.#watchAbove();
    return own.signal;
  }

  onAbort(listener: () => void): () => void {
    if (this.aborted) return nothing;
    // A function of its own, so that the same listener may be given twice.
    const own = (): void => listener();
    if (this.#first === undefined) this.#first = own;
    else {
      this.#others ??= new Set();
      this.#others.add(own);
    }
    this.#watchAbove();
    return () => this.#forget(own);
  }

  #forget(own: () => void): void {
    if (this.#first === own) this.#first = undefined;
    else if (this.#others?.delete(own) !== true) return;
    const isHeard = this.#first !== undefined || (this.#others?.size ?? 0) > 0 || this.#own !== undefined;
    if (!isHeard) this.dispose();
  }

  /**
   * Lets go of what is above: an abort there no longer reaches the listeners here. One that is just being told still does:
   * whoever heard of it first may dispose the scope before it is the scope's turn.
   */
  dispose(): void {
    if (this.#forgetAbove === undefined) return;
    this.#forgetAbove();
    this.#forgetAbove = undefined;
    if (!this.#isAborted && this.#above.aborted) this.#settle(this.#above.reason);
  }

  #watchAbove(): void {
    this.#forgetAbove ??= this.#above.onAbort(() => this.#settle(this.#above.reason));
  }

  #settle(reason: unknown): void {
    this.#isAborted = true;
    this.#reason = reason;
    this.dispose();
    const first = this.#first;
    const others = this.#others;
    this.#first = undefined;
    this.#others = undefined;
    this.#own?.abort(reason);
    first?.();
    if (others !== undefined) for (const listener of others) listener();
  }
}

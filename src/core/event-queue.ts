import type { RunEvent } from './events.js';

/** How a reader sees events: what one event becomes for it, if anything. */
export interface Projection<T> {
  /** The value for this event; undefined when it has nothing to say. May throw, which ends the reading with that failure. */
  readonly take: (event: RunEvent) => T | undefined;
  /** Called after the last event; may throw. */
  readonly end?: () => void;
}

type Resolve<T> = (next: IteratorResult<T, undefined> | PromiseLike<IteratorResult<T, undefined>>) => void;

/** The end of a queue whose reader has had all or has gone. */
const left = {};
const finished: IteratorResult<never, undefined> = { done: true, value: undefined };

/**
 * Events of one run, waiting for one reader. Pushing never waits. The projection is applied while reading, in one step with
 * it, because a chain of generators would cost several turns of the event loop for each event.
 */
export class EventQueue {
  // Two lists that change places, so that neither pushing nor reading ever moves what waits.
  #incoming: (RunEvent | undefined)[] = [];
  #outgoing: (RunEvent | undefined)[] = [];
  #at = 0;
  #wake: (() => void) | undefined;
  #waiting: Promise<unknown> = Promise.resolve();
  #end: { readonly error?: unknown } | undefined;

  push(event: RunEvent): void {
    if (this.#end !== undefined) return;
    this.#incoming.push(event);
    this.#wake?.();
  }

  /** No event comes after this; with an `error` the reader gets that, once. */
  close(end: { readonly error?: unknown } = {}): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.#wake?.();
  }

  /** The reader's iterator. `onReturn` is called when it leaves before the end. */
  read<T>(projection: Projection<T>, onReturn: () => void): AsyncIterator<T, undefined> {
    const next = (): Promise<IteratorResult<T, undefined>> => {
      // A read that is asked for while another one waits comes after it.
      if (this.#wake !== undefined) return this.#waiting.then(next, next);
      try {
        const value = this.#project(projection);
        if (value !== undefined) return Promise.resolve({ done: false, value });
        if (this.#end !== undefined) return this.#finish(projection);
        const read = this.#wait(projection);
        this.#waiting = read;
        return read;
      } catch (error) {
        this.#discard();
        return Promise.reject(error);
      }
    };
    const leave = (): Promise<IteratorResult<T, undefined>> => {
      onReturn();
      this.#discard();
      this.#wake?.();
      return Promise.resolve(finished);
    };
    return { next, return: leave };
  }

  /** Passes over events until one has something to say. */
  #project<T>(projection: Projection<T>): T | undefined {
    for (let event = this.#take(); event !== undefined; event = this.#take()) {
      const value = projection.take(event);
      if (value !== undefined) return value;
    }
    return undefined;
  }

  #take(): RunEvent | undefined {
    if (this.#at === this.#outgoing.length) {
      if (this.#incoming.length === 0) return undefined;
      [this.#outgoing, this.#incoming] = [this.#incoming, this.#outgoing];
      this.#incoming.length = 0;
      this.#at = 0;
    }
    const event = this.#outgoing[this.#at];
    this.#outgoing[this.#at++] = undefined;
    return event;
  }

  #wait<T>(projection: Projection<T>): Promise<IteratorResult<T, undefined>> {
    return new Promise((resolve: Resolve<T>, reject) => {
      this.#wake = () => {
        try {
          const value = this.#project(projection);
          if (value !== undefined) resolve({ done: false, value });
          else if (this.#end !== undefined) resolve(this.#finish(projection));
          else return;
        } catch (error) {
          this.#discard();
          reject(error);
        }
        this.#wake = undefined;
      };
    });
  }

  /** The failure of the run is given out once; after it the iteration is over. */
  #finish<T>(projection: Projection<T>): Promise<IteratorResult<T, undefined>> {
    const end = this.#end;
    if (end === undefined) return Promise.resolve(finished);
    this.#end = left;
    if ('error' in end) return Promise.reject(end.error);
    if (end !== left) projection.end?.();
    return Promise.resolve(finished);
  }

  /** Nobody reads any more; what the run still tells is dropped. */
  #discard(): void {
    this.#end = left;
    this.#incoming = [];
    this.#outgoing = [];
    this.#at = 0;
  }
}

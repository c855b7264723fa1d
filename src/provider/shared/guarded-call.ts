import type { Run } from '../../core/index.js';
import { serverError } from './server-error.js';

/** Names the call for errors. The secrets are asked for when an error has to be cleaned of them. */
export interface CallInfo {
  readonly id: string;
  readonly secrets: () => readonly string[];
}

/** Made once: an error that is made collects a stack, and every call ends with this one. */
const callOver = new DOMException('The call is over.', 'AbortError');

/**
 * Runs one call to a server: under a controller of its own, so that the caller's signal never collects the listeners of an
 * SDK; closed down to the socket when the reader leaves or the run is aborted; with failures as our errors. An abort throws
 * the reason of the run's signal, also where an SDK would just end its stream.
 */
export async function* guardedCall<Event>(
  info: CallInfo,
  run: Run,
  body: (signal: AbortSignal) => AsyncIterable<Event>,
): AsyncGenerator<Event, void, undefined> {
  run.throwIfAborted();
  const scope = run.scope();
  let isOver = false;
  try {
    for await (const event of body(scope.run.signal)) {
      isOver = isFinish(event);
      yield event;
    }
    isOver = true;
    run.throwIfAborted();
  } catch (error) {
    isOver = false;
    run.throwIfAborted();
    throw serverError(error, { id: info.id, secrets: info.secrets(), nowMs: run.clock.now() });
  } finally {
    // Once a reply is whole there is nothing to abort, and `fetch` would take longer over it than over all the rest.
    if (!isOver) scope.abort(callOver);
    scope[Symbol.dispose]();
  }
}

/** The last event of a reply; its reader leaves with it. */
const isFinish = (event: unknown): boolean => (event as { readonly type?: unknown } | null)?.type === 'finish';

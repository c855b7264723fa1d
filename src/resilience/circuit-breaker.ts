import { type AnyStep, type Decorated, decorate, stepName } from '../core/index.js';
import { type Circuit, circuit } from './circuit.js';
import type { CircuitOptions } from './circuit-options.js';

/**
 * Stops calling a step that keeps failing, for its sake and the caller's: after too many failures in a row, or too large a part of
 * the latest calls, the circuit opens and calls are refused at once; after a cool-down a few probes find out whether to close it
 * (M. Nygard, Release It!, 2nd ed. 2018, chapter 5). With a `circuit` in place of options several steps share one.
 * Refused calls reject with `circuit-open` (retryable, `details.retryAfterMs`). Emits `circuit-change`.
 * @throws {PipewrightError} `bad-option` when a number is out of range, or a store comes without a name.
 * @example await circuitBreaker((text: string) => text.length, { maxFailures: 3 })('four') // => 4
 */
export const circuitBreaker = <S extends AnyStep>(step: S, options: CircuitOptions | Circuit = {}): Decorated<S> => {
  const own: Circuit =
    'call' in options ? options : circuit(options.store === undefined ? { name: stepName(step), ...options } : options);
  const info = { kind: 'circuit-breaker', details: own.details };
  return decorate(step, info, (input, run, inner) => own.call(inner, input, run));
};

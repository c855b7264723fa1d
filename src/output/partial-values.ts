import type { RunEvent } from '../core/index.js';
import { partialJson, type PartialJsonOptions } from './partial-json.js';

/**
 * Follows a JSON answer while a model writes it: the events of `stream(step, input)` in, the value so far out, each time more
 * of it is certain. Text that is retracted (by a retry, a fallback or a repair) begins a new value. Read each value at once:
 * it is one object that grows.
 * @example for await (const draft of partialValues(stream(extract, 'Ham costs 3 EUR.'))) console.log(draft);
 */
export async function* partialValues(
  events: AsyncIterable<RunEvent>,
  options: PartialJsonOptions = {},
): AsyncGenerator<unknown, void, undefined> {
  let json = partialJson(options);
  for await (const event of events) {
    if (event.type === 'retract') json = partialJson(options);
    if (event.type !== 'text-delta') continue;
    json.push(event.text);
    if (json.value !== undefined) yield json.value;
  }
}

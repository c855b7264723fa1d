import { PipewrightError } from '../core/index.js';
import { type JsonFailure, readJsonAt } from './lenient-json.js';

/** The reasoning of open models, and a fence around everything. */
const thinking = /^\s*<think>[\s\S]*?<\/think>/u;
const fence = /^```\w*\n([\s\S]*?)\n?```$/u;

const parsed = (text: string): { readonly value: unknown } | undefined => {
  try {
    return { value: JSON.parse(text) };
  } catch {
    // Not JSON as it stands: the caller looks further.
    return undefined;
  }
};

/** Characters quoted on each side of the place that is wrong. */
const quoted = 20;

const invalid = (text: string, reason: string, failure?: JsonFailure): PipewrightError => {
  if (failure === undefined) return new PipewrightError('output-invalid', reason, { details: { partialText: text } });
  const before = text.slice(0, failure.at).split('\n');
  const where = `line ${before.length}, column ${(before.at(-1) ?? '').length + 1}`;
  const found = failure.at >= text.length ? 'the text ends' : `there is ${JSON.stringify(text.charAt(failure.at))}`;
  const place = text.slice(Math.max(0, failure.at - quoted), failure.at + quoted);
  const message = `${reason} At ${where}, ${failure.expected} was expected, but ${found}: …${place}…`;
  return new PipewrightError('output-invalid', message, { details: { partialText: text, where } });
};

/** The longest object or list in the text. Each character is read once. */
const longestIn = (text: string): { readonly value: unknown } => {
  let best: { readonly value: unknown; readonly length: number } | undefined;
  let failure: JsonFailure | undefined;
  const opening = /[{[]/gu;
  for (let match = opening.exec(text); match !== null; match = opening.exec(text)) {
    const start = match.index;
    const reading = readJsonAt(text, start);
    if (reading.isRead) {
      if (best === undefined || reading.end - start > best.length) {
        best = { value: reading.value, length: reading.end - start };
      }
      opening.lastIndex = reading.end;
      continue;
    }
    // A piece of something damaged is not what the model meant.
    if (reading.isDamaged) throw invalid(text, 'The JSON in the text is damaged.', reading);
    failure ??= reading;
    opening.lastIndex = Math.max(reading.at, start + 1);
  }
  if (best === undefined) throw invalid(text, 'There is no JSON in the text.', failure);
  return best;
};

/**
 * Takes the JSON out of what a model wrote. Words and fences around it are overlooked (of several objects or lists the longest
 * is taken), and so is damage that leaves no doubt about what is meant: a comma too many, comments, single quotes, keys without
 * quotes, line breaks in strings, `True`, `False` and `None`. What is cut off or otherwise broken is refused, never guessed.
 * @throws {PipewrightError} `output-invalid` that quotes the place; `details.partialText` is the whole text.
 * @example parseJson('Here you are: {"price": 12,}') // => { price: 12 }
 */
export const parseJson = (text: string): unknown => {
  const whole = parsed(text);
  if (whole !== undefined) return whole.value;
  const answer = text.replace(thinking, '').trim();
  const inner = parsed(fence.exec(answer)?.[1] ?? answer);
  return (inner ?? longestIn(answer)).value;
};

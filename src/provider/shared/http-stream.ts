import { createParser } from 'eventsource-parser';
import { maxBodyBytes, tooLarge } from './capped-fetch.js';
import { cappedText, textsOf } from './http-body.js';

/** The JSON texts of a reply in pieces, by what its headers say it is. */
export const jsonTexts = ({ headers, body }: Response): AsyncGenerator<string, void, undefined> => {
  const type = headers.get('content-type') ?? '';
  if (/ndjson|jsonl|stream\+json|x-json-stream/.test(type)) return linesOf(body);
  return type.startsWith('application/json') ? whole(body) : eventsOf(body);
};

/**
 * The events of JSON texts, parsed. A server that fails in the middle tells it in an event with an `error`: that is thrown in the
 * form in which SDKs throw it.
 */
export async function* jsonEvents<Event extends object>(
  texts: AsyncIterable<string>,
): AsyncGenerator<Event, void, undefined> {
  for await (const text of texts) {
    const event = JSON.parse(text) as Awaited<Event>;
    const error: unknown = 'error' in event ? event.error : undefined;
    if (error !== undefined && error !== null) throw { error: event };
    yield event;
  }
}

async function* whole(body: Response['body']): AsyncGenerator<string, void, undefined> {
  yield await cappedText(body);
}

/** https://html.spec.whatwg.org/multipage/server-sent-events.html */
async function* eventsOf(body: Response['body']): AsyncGenerator<string, void, undefined> {
  let ready: string[] = [];
  let isTooLarge = false;
  const parser = createParser({
    onEvent: ({ data }) => {
      if (data !== '[DONE]') ready.push(data);
    },
    // What is unknown is passed over, as browsers do.
    onError: ({ type }) => {
      isTooLarge ||= type === 'max-buffer-size-exceeded';
    },
    maxBufferSize: maxBodyBytes,
  });
  for await (const text of textsOf(body)) {
    parser.feed(text);
    if (isTooLarge) throw tooLarge();
    if (ready.length === 0) continue;
    const events = ready;
    ready = [];
    yield* events;
  }
  // Some servers leave out the empty line behind the last event. A text that breaks off is no event.
  parser.feed('\n\n');
  yield* ready.filter(isJson);
}

/** The lines of JSON of a reply; empty ones are left out. */
export async function* linesOf(body: Response['body']): AsyncGenerator<string, void, undefined> {
  // The pieces of a line that has not ended; joined once, a long line costs no more than a short one for each piece.
  let pieces: string[] = [];
  let length = 0;
  for await (const text of textsOf(body)) {
    const lines = text.split('\n');
    const rest = lines.pop() ?? '';
    for (const line of lines) {
      const complete = [...pieces, line].join('');
      pieces = [];
      length = 0;
      if (complete.trim() !== '') yield complete;
    }
    pieces.push(rest);
    length += rest.length;
    if (length > maxBodyBytes) throw tooLarge();
  }
  const last = pieces.join('');
  if (isJson(last)) yield last;
}

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    // The connection was cut inside it.
    return false;
  }
};

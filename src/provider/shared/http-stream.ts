import { createParser } from 'eventsource-parser';
import { maxBodyBytes, tooLarge } from './capped-fetch.js';
import { cappedText, textsOf } from './http-body.js';

/** What is made of each JSON text of a reply. */
export type ReadText<T> = (text: string) => T;
export type Pieces<T> = AsyncGenerator<Awaited<T>, void, undefined>;

/**
 * The JSON texts of a reply in pieces, by what its headers say it is, each as `read` makes it. `read` stands inside, because every
 * generator around another costs some turns of the event loop for each piece.
 */
export const piecesOf = <T>({ headers, body }: Response, read: ReadText<T>): Pieces<T> => {
  const type = headers.get('content-type') ?? '';
  if (/ndjson|jsonl|stream\+json|x-json-stream/.test(type)) return readLines(body, read);
  return type.startsWith('application/json') ? readWhole(body, read) : readEvents(body, read);
};

/**
 * An event of a stream, parsed. A server that fails in the middle tells it in an event with an `error`: that is thrown in the
 * form in which SDKs throw it.
 */
export const parseEvent = <Event extends object>(text: string): Event => {
  const event = JSON.parse(text) as Event;
  const error: unknown = 'error' in event ? event.error : undefined;
  if (error !== undefined && error !== null) throw { error: event };
  return event;
};

async function* readWhole<T>(body: Response['body'], read: ReadText<T>): Pieces<T> {
  yield read(await cappedText(body)) as Awaited<T>;
}

async function* readLines<T>(body: Response['body'], read: ReadText<T>): Pieces<T> {
  for await (const line of linesOf(body)) yield read(line) as Awaited<T>;
}

/** https://html.spec.whatwg.org/multipage/server-sent-events.html */
async function* readEvents<T>(body: Response['body'], read: ReadText<T>): Pieces<T> {
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
    for (const event of events) yield read(event) as Awaited<T>;
  }
  // Some servers leave out the empty line behind the last event. A text that breaks off is no event.
  parser.feed('\n\n');
  for (const event of ready) if (isJson(event)) yield read(event) as Awaited<T>;
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

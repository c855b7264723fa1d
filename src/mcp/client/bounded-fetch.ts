import { PipewrightError } from '../../core/index.js';

const newline = 10;
const carriageReturn = 13;

/** Counts what arrives; in a stream of events a blank line ends a message, and the count begins anew. */
const byteCounter = (isEvents: boolean, maxBytes: number): ((chunk: Uint8Array) => boolean) => {
  let count = 0;
  let lineLength = 0;
  return (chunk) => {
    if (!isEvents) {
      count += chunk.length;
      return count <= maxBytes;
    }
    for (const byte of chunk) {
      count += 1;
      if (count > maxBytes) return false;
      if (byte === carriageReturn) continue;
      if (byte !== newline) lineLength += 1;
      else if (lineLength > 0) lineLength = 0;
      else count = 0;
    }
    return true;
  };
};

export interface FetchGuard {
  readonly maxBytes: number;
  /** Is given what is sent as `authorization`, so that no error quotes it. */
  readonly onSecret: (secret: string) => void;
  readonly onTooLong: (error: PipewrightError) => void;
}

export const tooLong = (maxBytes: number): PipewrightError =>
  new PipewrightError(
    'output-invalid',
    `The MCP server sent a message of more than ${maxBytes} bytes. Ask for less, or raise \`maxMessageBytes\`.`,
  );

/** `fetch` that breaks off an answer in which one message is too long, before it fills the memory. */
export const boundedFetch =
  (
    send: typeof fetch,
    { maxBytes, onSecret, onTooLong }: FetchGuard,
  ): ((url: string | URL, init?: RequestInit) => Promise<Response>) =>
  async (url, init) => {
    const authorization = new Headers(init?.headers).get('authorization');
    if (authorization !== null) onSecret(authorization.replace(/^\w+ +/u, ''));
    const response = await send(url, init);
    if (response.body === null) return response;
    const isEvents = (response.headers.get('content-type') ?? '').startsWith('text/event-stream');
    const fits = byteCounter(isEvents, maxBytes);
    const guard = new TransformStream<Uint8Array, Uint8Array>({
      transform: (chunk, controller) => {
        if (fits(chunk)) return controller.enqueue(chunk);
        const error = tooLong(maxBytes);
        onTooLong(error);
        controller.error(error);
      },
    });
    const { status, statusText, headers } = response;
    return new Response(response.body.pipeThrough(guard), { status, statusText, headers });
  };

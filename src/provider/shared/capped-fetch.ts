import { PipewrightError } from '../../core/index.js';

/** More than any reply that is not streamed, or one event of a stream, has reason to weigh. */
export const maxBodyBytes: number = 64 * 1024 * 1024;

/**
 * `fetch` that reads at most 64 MiB of a reply that is not an event stream: SDKs read such a reply whole, and a broken server
 * must not fill the memory. Streams pass untouched, they are read event by event. Redirects are not followed: to another host
 * one would take along every header with a key but `authorization`.
 */
export const cappedFetch = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
  const response = await fetch(input, { ...init, redirect: 'manual' });
  const { body, headers, status, statusText } = response;
  if (body === null || (headers.get('content-type') ?? '').startsWith('text/event-stream')) return response;
  let bytes = 0;
  const capped = body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform: (chunk, controller) => {
        bytes += chunk.byteLength;
        if (bytes <= maxBodyBytes) controller.enqueue(chunk);
        else controller.error(tooLarge());
      },
    }),
  );
  return new Response(capped, { status, statusText, headers });
};

/** The server is none of a model, or broken. */
export const tooLarge = (): PipewrightError =>
  new PipewrightError(
    'model-failed',
    `The server sent more than ${maxBodyBytes / 1024 / 1024} MiB in one reply. Check the base URL: this is no model's answer.`,
  );

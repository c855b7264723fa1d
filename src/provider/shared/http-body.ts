import { maxBodyBytes, tooLarge } from './capped-fetch.js';

/** A reply, whose body may be none, piece by piece as text: characters that were cut apart come whole, a BOM is left out. */
export async function* textsOf(body: ReadableStream<Uint8Array> | null): AsyncGenerator<string, void, undefined> {
  if (body === null) return;
  const decoder = new TextDecoder();
  for await (const bytes of body) yield decoder.decode(bytes, { stream: true });
  yield decoder.decode();
}

/** The whole text of a reply. Throws, and closes the connection, when it is longer than any reply has reason to be. */
export const cappedText = async (body: ReadableStream<Uint8Array> | null): Promise<string> => {
  const texts: string[] = [];
  let length = 0;
  for await (const text of textsOf(body)) {
    length += text.length;
    if (length > maxBodyBytes) throw tooLarge();
    texts.push(text);
  }
  return texts.join('');
};

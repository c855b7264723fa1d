import type { FilePart, ImagePart, Part, ToolCallPart, ToolResultPart } from '../../core/index.js';
import { base64Of, imageMediaType, outputParts, type RenderedSources } from '../shared/index.js';
import { lostSignature, readOpaque } from './signature.js';

/** A part of a content in the API. */
export type WirePart = Readonly<Record<string, unknown>>;

/** Types by the ending of a URL, where nobody says; the API wants to know. */
const typeByEnding: ReadonlyMap<string, string> = new Map([
  ['png', 'image/png'],
  ['jpg', 'image/jpeg'],
  ['jpeg', 'image/jpeg'],
  ['webp', 'image/webp'],
  ['gif', 'image/gif'],
  ['heic', 'image/heic'],
]);

/** Bytes go into the request; URLs of the Files API, of Cloud Storage, of YouTube and of the web are read by the server. */
export const mediaPart = (part: ImagePart | FilePart): WirePart => {
  const { data } = part;
  if (!(data instanceof URL)) {
    const mimeType = part.type === 'image' ? imageMediaType(part) : part.mediaType;
    return { inlineData: { mimeType, data: base64Of(data) } };
  }
  const inline = /^data:([^;,]+);base64,(.*)$/s.exec(data.href);
  if (inline !== null) return { inlineData: { mimeType: part.mediaType ?? inline[1], data: inline[2] } };
  const ending = data.pathname.slice(data.pathname.lastIndexOf('.') + 1).toLowerCase();
  return { fileData: { mimeType: part.mediaType ?? typeByEnding.get(ending), fileUri: data.href } };
};

/**
 * A call of the model. The first of a reply bears the signature of all; where a model insists on one and none is left, it gets
 * the word that stands for it.
 */
export const callPart = (part: ToolCallPart, needsSignature: boolean): WirePart => {
  const thoughtSignature = readOpaque(part.opaque)?.signature ?? (needsSignature ? lostSignature : undefined);
  const id = part.id === '' ? undefined : part.id;
  return { functionCall: { id, name: part.name, args: objectInput(part) }, thoughtSignature };
};

/** The API takes objects only; arguments that were no valid JSON object go back under a name that says so. */
const objectInput = ({ input }: ToolCallPart): unknown => (isObject(input) ? input : { invalid_arguments: input });

/**
 * The result of a tool. The API takes objects only, and reads what stands under these names as the output, and as the error.
 * Pictures and files stand inside the result where the model takes them there, else behind it.
 */
export const resultParts = (
  part: ToolResultPart,
  takesMedia: boolean,
  sources: RenderedSources,
): readonly WirePart[] => {
  const { name, output } = part;
  const id = part.id === '' ? undefined : part.id;
  const parts = outputParts(part);
  const value = parts === undefined ? plainOutput(output) : textIn(parts, sources);
  const response = part.isError === true ? { error: value } : isObject(value) ? value : { output: value };
  const media = (parts ?? []).filter((inner) => inner.type === 'image' || inner.type === 'file').map(mediaPart);
  if (media.length === 0) return [{ functionResponse: { id, name, response } }];
  if (takesMedia) return [{ functionResponse: { id, name, response, parts: media } }];
  return [{ functionResponse: { id, name, response } }, ...media];
};

const textIn = (parts: readonly Part[], { render }: RenderedSources): string =>
  parts
    .flatMap((part) => (part.type === 'text' ? [part.text] : part.type === 'source' ? [render([part])] : []))
    .join('\n\n');

/** The API takes `$ref` in an output for a reference of its own and refuses the request; as text it passes. */
const plainOutput = (output: unknown): unknown => (hasReference(output) ? JSON.stringify(output) : (output ?? null));

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const hasReference = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  Object.entries(value).some(([name, item]) => (name === '$ref' && typeof item === 'string') || hasReference(item));

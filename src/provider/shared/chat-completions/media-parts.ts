import { type FilePart, type ImagePart, PipewrightError } from '../../../core/index.js';
import { base64Of, dataUrl, imageMediaType } from '../media.js';
import type { ChatSettings, Wire } from './quirks.js';

/** A picture, a sound or a document as a content part. */
export const wireMedia = (settings: ChatSettings, part: ImagePart | FilePart): Wire => {
  if (part.type === 'image') {
    return { type: 'image_url', image_url: { url: dataUrl(part.data, imageMediaType(part)) } };
  }
  return part.mediaType.startsWith('audio/') ? wireAudio(settings, part) : wireDocument(settings, part);
};

/** Names of sound formats where they are not the media type's own. */
const audioFormats: ReadonlyMap<string, string> = new Map([
  ['audio/mpeg', 'mp3'],
  ['audio/x-wav', 'wav'],
  ['audio/wave', 'wav'],
  ['audio/mp4', 'm4a'],
]);

const wireAudio = ({ id }: ChatSettings, { data, mediaType }: FilePart): Wire => {
  if (data instanceof URL) throw noUrl(id, 'sound', data);
  const format = audioFormats.get(mediaType) ?? mediaType.slice('audio/'.length);
  return { type: 'input_audio', input_audio: { data: base64Of(data), format } };
};

const wireDocument = ({ id, quirks }: ChatSettings, { data, mediaType, name = 'file' }: FilePart): Wire => {
  const { documents = 'bytes' } = quirks;
  if (documents === 'document_url') return { type: 'document_url', document_url: dataUrl(data, mediaType) };
  if (data instanceof URL && documents === 'bytes') throw noUrl(id, 'files', data);
  return { type: 'file', file: { filename: name, file_data: dataUrl(data, mediaType) } };
};

const noUrl = (id: string, what: string, { origin, pathname }: URL): PipewrightError =>
  new PipewrightError(
    'unsupported',
    `${id} takes ${what} as bytes, not as a URL. Load ${origin}${pathname} and pass its bytes.`,
  );

import type { FilePart, ImagePart } from '../../core/index.js';
import type { WireFileData, WirePart } from './wire.js';

/** Bytes, or a URL, of what an AI SDK model sends: text is base64. */
export const dataOf = (data: WireFileData = ''): Uint8Array | URL => {
  if (data instanceof URL || data instanceof Uint8Array) return data;
  if (typeof data === 'string') return Uint8Array.from(Buffer.from(data, 'base64'));
  return data.url ?? dataOf(data.data);
};

/** A picture or another file that a model made. */
export const filePart = ({ data, mediaType = 'application/octet-stream' }: WirePart): ImagePart | FilePart => ({
  type: mediaType.startsWith('image/') ? 'image' : 'file',
  data: dataOf(data),
  mediaType,
});

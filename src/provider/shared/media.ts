import type { FilePart, ImagePart } from '../../core/index.js';

/** Bytes as base64. */
export const base64Of = (data: Uint8Array): string =>
  Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64');

/** The first bytes of the picture formats that models read. */
const signatures: readonly (readonly [mediaType: string, bytes: readonly number[]])[] = [
  ['image/png', [0x89, 0x50, 0x4e, 0x47]],
  ['image/jpeg', [0xff, 0xd8, 0xff]],
  ['image/gif', [0x47, 0x49, 0x46, 0x38]],
  ['image/webp', [0x52, 0x49, 0x46, 0x46]],
];

/** The media type of a picture: what the part says, else what its first bytes say, else PNG. */
export const imageMediaType = (part: ImagePart): string => {
  const { data, mediaType } = part;
  if (mediaType !== undefined || data instanceof URL) return mediaType ?? 'image/png';
  const match = signatures.find(([, bytes]) => bytes.every((byte, index) => data[index] === byte));
  return match?.[0] ?? 'image/png';
};

/** A URL that holds or points to the data. */
export const dataUrl = (data: ImagePart['data'] | FilePart['data'], mediaType: string): string =>
  data instanceof URL ? data.href : `data:${mediaType};base64,${base64Of(data)}`;

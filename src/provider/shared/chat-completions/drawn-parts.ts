import type { ImagePart } from '../../../core/index.js';
import type { ModelEvent } from '../../../model/index.js';

/** What a model drew or said, put together from its pieces. */
export interface DrawnParts {
  /** The next piece of sound, in base64. */
  readonly addSound: (data: string) => void;
  readonly addImage: (url: string) => void;
  readonly end: () => readonly ModelEvent[];
}

/** Media types where they are not called like the format that was asked for. */
const soundTypes: ReadonlyMap<string, string> = new Map([
  ['mp3', 'audio/mpeg'],
  ['pcm16', 'audio/pcm'],
]);

export const drawnParts = (audioFormat = 'wav'): DrawnParts => {
  const sound: Buffer[] = [];
  const images: ImagePart[] = [];
  return {
    addSound: (data) => void sound.push(Buffer.from(data, 'base64')),
    addImage: (url) => {
      if (URL.canParse(url)) images.push(imageOf(url));
    },
    end: () => [
      ...images.map((part): ModelEvent => ({ type: 'part', part })),
      ...(sound.length === 0 ? [] : [soundEvent(sound, audioFormat)]),
    ],
  };
};

const soundEvent = (sound: readonly Buffer[], format: string): ModelEvent => ({
  type: 'part',
  part: {
    type: 'file',
    data: new Uint8Array(Buffer.concat(sound)),
    mediaType: soundTypes.get(format) ?? `audio/${format}`,
  },
});

const imageOf = (url: string): ImagePart => {
  const [, mediaType, data] = /^data:([^;,]+);base64,(.*)$/s.exec(url) ?? [];
  if (mediaType === undefined || data === undefined) return { type: 'image', data: new URL(url) };
  return { type: 'image', data: new Uint8Array(Buffer.from(data, 'base64')), mediaType };
};

import { promisify } from 'node:util';
import { deflate } from 'node:zlib';
import { sliceTimer, yieldToEventLoop } from '../core/index.js';

/** Pixels row by row from the top, 8 bits for each channel. */
export interface RawImage {
  readonly width: number;
  readonly height: number;
  /** Grey, red-green-blue, or red-green-blue-opacity. */
  readonly channels: 1 | 3 | 4;
  readonly data: Uint8Array;
}

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
/** The colour types of the format, by number of channels. */
const colourTypes: Readonly<Record<RawImage['channels'], number>> = { 1: 0, 3: 2, 4: 6 };

/** The table of the CRC-32 that PNG uses (ISO 3309). `zlib.crc32` is younger than Node 20. */
const crcTable: Uint32Array = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? 0xedb88320 ^ (crc >>> 1) : crc >>> 1;
  return crc;
});

const crcOf = (bytes: Uint8Array): number => {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crcTable[(crc ^ byte) & 0xff] as number) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
};

const chunk = (type: string, data: Uint8Array): Buffer => {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.byteLength);
  const crc = Buffer.alloc(4);
  crc.writeUInt32BE(crcOf(body));
  return Buffer.concat([length, body, crc]);
};

/** The rows of the image, each after the number of its filter; 0 is none. */
const filteredRows = async ({ width, height, channels, data }: RawImage): Promise<Buffer> => {
  const rowBytes = width * channels;
  const rows = Buffer.alloc((rowBytes + 1) * height);
  const isTurnDue = sliceTimer();
  for (let y = 0; y < height; y++) {
    rows.set(data.subarray(y * rowBytes, (y + 1) * rowBytes), y * (rowBytes + 1) + 1);
    if (isTurnDue()) await yieldToEventLoop();
  }
  return rows;
};

/** The image as a PNG file. */
export const encodePng = async (image: RawImage): Promise<Uint8Array> => {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(image.width, 0);
  header.writeUInt32BE(image.height, 4);
  header.writeUInt8(8, 8);
  header.writeUInt8(colourTypes[image.channels], 9);
  // Speed over size: the image is on its way to an engine, not to a disk.
  const packed = await promisify(deflate)(await filteredRows(image), { level: 1 });
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', packed), chunk('IEND', new Uint8Array(0))]);
};

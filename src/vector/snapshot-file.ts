import { type FileHandle, open } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { PipewrightError } from '../core/index.js';

// A file of frames: a length of 32 bits, then so many bytes. Behind the last one stands a length of all ones and the CRC-32 of
// everything before it.
const lengthBytes = 4;
const endMark = 0xffffffff;
const maxFrameBytes = 64 * 1_048_576;
const bufferBytes = 1_048_576;

const damaged = (what: string): PipewrightError =>
  new PipewrightError('store-damaged', `The snapshot cannot be used: ${what}.`);

export interface FrameWriter {
  readonly write: (frame: Uint8Array) => Promise<void>;
  /** Puts the end mark, and resolves when everything is on the disk. */
  readonly finish: () => Promise<void>;
}

const frameWriter = (file: FileHandle): FrameWriter => {
  const buffer = Buffer.allocUnsafe(bufferBytes);
  let used = 0;
  let sum = 0;
  const flush = async (): Promise<void> => {
    sum = crc32(buffer.subarray(0, used), sum);
    await file.writeFile(buffer.subarray(0, used));
    used = 0;
  };
  const put = async (bytes: Uint8Array): Promise<void> => {
    for (let at = 0; at < bytes.byteLength; ) {
      const count = Math.min(bytes.byteLength - at, bufferBytes - used);
      buffer.set(bytes.subarray(at, at + count), used);
      used += count;
      at += count;
      if (used === bufferBytes) await flush();
    }
  };
  const putNumber = (number: number): Promise<void> => {
    const bytes = Buffer.alloc(lengthBytes);
    bytes.writeUInt32LE(number);
    return put(bytes);
  };
  return {
    write: async (frame) => {
      await putNumber(frame.byteLength);
      await put(frame);
    },
    finish: async () => {
      await putNumber(endMark);
      await flush();
      await putNumber(sum);
      await flush();
      await file.sync();
    },
  };
};

/** Writes a file of frames; what `fill` leaves behind when it fails is not whole, and is never read. */
export const writeFrames = async (path: string, fill: (writer: FrameWriter) => Promise<void>): Promise<void> => {
  const file = await open(path, 'w');
  try {
    const writer = frameWriter(file);
    await fill(writer);
    await writer.finish();
  } finally {
    await file.close();
  }
};

export interface FrameReader {
  /** The next frame, as bytes of its own. */
  readonly next: () => Promise<Uint8Array>;
  /** Checks that nothing is left, and that every byte is as it was written. */
  readonly finish: () => Promise<void>;
}

const frameReader = (file: FileHandle): FrameReader => {
  const buffer = Buffer.allocUnsafe(bufferBytes);
  let from = 0;
  let to = 0;
  let sum = 0;
  const take = async (count: number): Promise<Buffer> => {
    const bytes = Buffer.from(new ArrayBuffer(count)); // begins where numbers of any width may lie
    for (let at = 0; at < count; ) {
      if (from === to) {
        from = 0;
        to = (await file.read(buffer, 0, bufferBytes, null)).bytesRead;
        if (to === 0) throw damaged('it is cut off');
      }
      const copied = buffer.copy(bytes, at, from, Math.min(to, from + count - at));
      from += copied;
      at += copied;
    }
    return bytes;
  };
  const takeSummed = async (count: number): Promise<Buffer> => {
    const bytes = await take(count);
    if (count > 0) sum = crc32(bytes, sum); // of no bytes at all, zlib's sum would begin anew
    return bytes;
  };
  return {
    next: async () => {
      const length = (await takeSummed(lengthBytes)).readUInt32LE();
      if (length > maxFrameBytes) throw damaged('a frame is too long');
      return takeSummed(length);
    },
    finish: async () => {
      if ((await takeSummed(lengthBytes)).readUInt32LE() !== endMark) throw damaged('it goes on behind its end');
      const expected = sum;
      if ((await take(lengthBytes)).readUInt32LE() !== expected) throw damaged('its checksum differs');
      if ((await file.read(buffer, 0, 1, null)).bytesRead > 0 || from < to) throw damaged('it goes on behind its end');
    },
  };
};

/**
 * Reads a file of frames. What was read counts only after `finish`: the checksum stands at the end.
 * @throws {PipewrightError} `store-damaged` when a byte differs from what was written; a system error when there is no file.
 */
export const readFrames = async <T>(path: string, read: (reader: FrameReader) => Promise<T>): Promise<T> => {
  const file = await open(path, 'r');
  try {
    return await read(frameReader(file));
  } finally {
    await file.close();
  }
};

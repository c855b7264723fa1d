import { PipewrightError } from '../../core/index.js';
import { heapStart, lineBytes } from './assembly/layout.js';

const pageBytes = 65_536;
/** As far as 32-bit pointers reach. */
export const maxKernelBytes: number = 65_536 * pageBytes;

/**
 * The memory of a kernel, handed out piece by piece. Only the thread that made the kernel does so; the others see what it
 * put there. Nothing ever moves.
 */
export interface Space {
  readonly memory: WebAssembly.Memory;
  /** Views of the whole memory; new ones after `take`. */
  readonly words: Uint32Array;
  readonly floats: Float32Array;
  readonly bytes: Uint8Array;
  /** The address of so many bytes, at the start of a cache line. They are zero, also where they were handed out before. */
  readonly take: (bytes: number) => number;
  /** Takes bytes back, which may then be handed out again for the same size. */
  readonly give: (address: number, bytes: number) => void;
}

const noAddressSpace = (cause: unknown): PipewrightError =>
  new PipewrightError(
    'memory-full',
    'There is no address space for the memory of another vector collection: each reserves about 10 GiB of it (of addresses, not of memory). Close collections that are not in use, raise the limit of the process (ulimit -v), or set `engine: "exact"`.',
    { cause },
  );

const createMemory = (maxBytes: number): WebAssembly.Memory => {
  const maximum = Math.floor(maxBytes / pageBytes);
  const initial = Math.ceil(heapStart / pageBytes);
  try {
    return new WebAssembly.Memory({ initial, maximum, shared: true });
  } catch (cause) {
    throw noAddressSpace(cause);
  }
};

/** @param full makes the error for when the memory is at its end. */
export const createSpace = (maxBytes: number, full: (cause?: unknown) => PipewrightError): Space => {
  const memory = createMemory(maxBytes);
  const free = new Map<number, number[]>();
  let end = heapStart;
  let views = viewsOf(memory);

  const growTo = (wanted: number): void => {
    const missing = wanted - memory.buffer.byteLength;
    if (missing <= 0) return;
    if (wanted > maxBytes) throw full();
    try {
      memory.grow(Math.ceil(missing / pageBytes));
    } catch (cause) {
      throw full(cause);
    }
    views = viewsOf(memory);
  };

  return {
    memory,
    get words() {
      return views.words;
    },
    get floats() {
      return views.floats;
    },
    get bytes() {
      return views.bytes;
    },
    take: (bytes) => {
      const size = sizeOf(bytes);
      const used = free.get(size)?.pop();
      if (used !== undefined) {
        views.bytes.fill(0, used, used + size);
        return used;
      }
      growTo(end + size);
      const address = end;
      end += size;
      return address;
    },
    give: (address, bytes) => {
      const size = sizeOf(bytes);
      const list = free.get(size);
      if (list === undefined) free.set(size, [address]);
      else list.push(address);
    },
  };
};

const sizeOf = (bytes: number): number => Math.ceil(bytes / lineBytes) * lineBytes;

const viewsOf = ({ buffer }: WebAssembly.Memory): Pick<Space, 'words' | 'floats' | 'bytes'> => ({
  words: new Uint32Array(buffer),
  floats: new Float32Array(buffer),
  bytes: new Uint8Array(buffer),
});

/** The smallest power of two from `least` on: what grows by doubling leaves pieces that fit the next one to grow. */
export const roomFor = (least: number): number => 2 ** Math.ceil(Math.log2(Math.max(least, 1)));

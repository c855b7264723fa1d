import { PipewrightError } from '../../core/index.js';
import { binary } from './binary.js';

/** The functions of the compiled kernel; addresses, rows and labels are 32 bits wide. */
export interface KernelExports {
  readonly attach: () => void;
  readonly useScratch: (address: number) => void;
  readonly set: (row: number) => void;
  readonly queue: (row: number, isHandedOver: number) => void;
  readonly flags: (row: number) => number;
  readonly remove: (row: number) => number;
  readonly link: (row: number) => void;
  readonly reserveFor: (k: number) => number;
  readonly search: (k: number, ef: number, bits: number, bitRows: number, labels: number, distances: number) => number;
  readonly scan: (k: number, labels: number, distances: number) => number;
  readonly scanList: (k: number, list: number, count: number, labels: number, distances: number) => number;
  readonly scanBits: (k: number, bits: number, bitRows: number, labels: number, distances: number) => number;
  readonly distance: (rowA: number, rowB: number) => number;
  readonly move: (from: number, to: number) => void;
  readonly relink: (count: number, from: number, to: number) => void;
  readonly placeBits: (bits: number, labelCount: number, out: number, rowCount: number) => void;
  readonly work: (job: number, most: number) => number;
}

let compiled: WebAssembly.Module | undefined;
let isRefused = false;

/** The module, compiled when it is first asked for; undefined where WebAssembly, its SIMD or its shared memory are missing. */
export const kernelModule = (): WebAssembly.Module | undefined => {
  if (compiled !== undefined || isRefused) return compiled;
  try {
    compiled = new WebAssembly.Module(Buffer.from(binary, 'base64'));
  } catch {
    isRefused = true;
  }
  return compiled;
};

/**
 * Whether this machine can run the kernel. Where it cannot, vectors are compared in JavaScript.
 * @example isKernelAvailable() // => true
 */
export const isKernelAvailable = (): boolean => kernelModule() !== undefined;

/** An instance of the kernel over a memory that has its header. @throws {PipewrightError} `unsupported` */
export const instantiateKernel = (memory: WebAssembly.Memory): KernelExports => {
  const module = kernelModule();
  if (module === undefined) {
    throw new PipewrightError(
      'unsupported',
      'This JavaScript engine has no WebAssembly with SIMD and shared memory, so there is no graph over vectors. Use the engine `exact`, or Node 20 and newer without flags that switch these off.',
    );
  }
  const exports = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as KernelExports;
  exports.attach();
  return exports;
};

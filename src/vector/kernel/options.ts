import { checkAtLeast, PipewrightError } from '../../core/index.js';
import { maxDimensions } from './assembly/layout.js';
import { maxKernelBytes } from './space.js';
import type { KernelOptions } from './types.js';

const limits = {
  dimensions: [1, maxDimensions],
  m: [2, 128],
  efConstruction: [1, 4_096],
  seed: [0, 0xffffffff],
  maxBytes: [1_048_576, maxKernelBytes],
} as const;

/** Fills in the defaults. @throws {PipewrightError} `bad-option` */
export const resolveKernelOptions = (options: KernelOptions): Required<KernelOptions> => {
  const { precision = 'float32', keepsOriginals = true, m = 16, efConstruction = 200, seed = 100 } = options;
  const { dimensions, metric, maxBytes = maxKernelBytes } = options;
  const resolved = { dimensions, metric, precision, keepsOriginals, m, efConstruction, seed, maxBytes };
  for (const name of ['dimensions', 'm', 'efConstruction', 'seed', 'maxBytes'] as const) {
    const [least, most] = limits[name];
    checkAtLeast(name, resolved[name], least);
    if (!Number.isInteger(resolved[name]) || resolved[name] > most) {
      throw new PipewrightError(
        'bad-option',
        `\`${name}\` must be a whole number of at most ${most.toLocaleString('en-US')}, got ${resolved[name]}.`,
      );
    }
  }
  return resolved;
};

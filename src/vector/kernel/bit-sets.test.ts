import { expect, it } from 'vitest';
import { PipewrightError } from '../../core/index.js';
import { createBitSets } from './bit-sets.js';
import type { KernelExports } from './module.js';
import type { Rows } from './rows.js';
import { createSpace } from './space.js';

it('a bit set that somebody holds keeps its room when rows change and it is asked for again', () => {
  const space = createSpace(1_048_576, () => new PipewrightError('memory-full', 'full'));
  const rows = { length: 1_000, changes: 0 };
  const sets = createBitSets(space, rows as Rows, { placeBits: () => undefined } as unknown as KernelExports);
  const bits = new Uint32Array(40);
  const held = sets.hold(bits);
  expect(sets.find(bits).address).toBe(held.address);
  rows.changes++;
  const fresh = sets.find(bits).address;
  expect(fresh).not.toBe(held.address);
  expect(sets.find(bits).address).toBe(fresh);
  held.release();
  expect(sets.find(bits).address).toBe(fresh);
  rows.changes++;
  // Both rooms are free now: that of the one that was held as well.
  const later = [sets.find(bits).address, sets.find(new Uint32Array(40)).address];
  expect(later.sort()).toEqual([held.address, fresh].sort());
});

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { seededRandom } from '../core/index.js';
import { memoryStore } from '../store/index.js';
import { encodeDocument } from './entry.js';
import { createIndexer } from './indexer.js';
import { createRecords } from './records.js';
import { loadSnapshot, writeSnapshot } from './snapshot.js';
import { createTable } from './table.js';
import { createVectorSpace, type SpaceSettings } from './vector-space.js';

const dimensions = 4;
const count = 6_000;
const settings: SpaceSettings = {
  dimensions,
  metric: 'euclidean',
  m: 4,
  efConstruction: 8,
  precision: 'float32',
  keepsOriginals: true,
};

it('of rows in memory follows the graph once there are many, and a snapshot keeps it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pipewright-arranged-'));
  const random = seededRandom(3);
  const records = createRecords(memoryStore(), 'memory', { hasSnapshots: true });
  const table = createTable();
  const space = createVectorSpace({ settings, kernelCount: 10 });
  const indexer = createIndexer({ space, table, threads: 0, minCount: 10, hasGraph: true, unsavedCount: () => 0 });
  space.reserve(count, count);
  const puts: [key: number, document: Uint8Array, vector: Float32Array][] = [];
  for (let key = 0; key < count; key++) {
    const vector = Float32Array.from({ length: dimensions }, () => random());
    space.set(table.add({ id: `${key}`, key, metadata: undefined }), vector);
    puts.push([key, encodeDocument({ id: `${key}`, text: '' }), vector]);
  }
  const meta = {
    version: 1,
    id: 'c',
    dimensions,
    metric: 'euclidean',
    nextKey: count,
    count,
    nextDeletion: 0,
    firstDeletion: 0,
  } as const;
  await records.write({ meta, puts, deletes: [] });
  const { kernel } = space;
  if (kernel === undefined) throw new Error('no kernel');
  const asItCame = [...kernel.rowsInOrder()];
  await indexer.settle();
  const arranged = [...kernel.rowsInOrder()];
  expect(arranged).not.toEqual(asItCame);
  const point = await writeSnapshot({ folder, settings, records }, meta, table, kernel);
  const restored = await loadSnapshot({ folder, settings, records }, { ...meta, snapshot: point });
  expect([...(restored?.kernel.rowsInOrder() ?? [])]).toEqual(arranged);
  expect(restored?.kernel.linkedCount).toBe(count);
  await indexer.stop();
  space.dispose();
  restored?.kernel.dispose();
  await rm(folder, { recursive: true });
});

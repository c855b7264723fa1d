import { expect, it, vi } from 'vitest';
import { createRun, seededRandom } from '../core/index.js';
import { louvainGroups, type WeightedGraph } from './louvain.js';
import { countThreads } from '../../test/count-threads.js';

/** Groups of 50 nodes with many links inside, and a few between them. */
const clustered = (nodeCount: number, linksPerNode: number): WeightedGraph => {
  const random = seededRandom(4);
  const links = new Map<string, readonly [number, number]>();
  for (let node = 0; node < nodeCount; node++) {
    for (let i = 0; i < linksPerNode; i++) {
      const isNear = random() < 0.9;
      const start = isNear ? node - (node % 50) : 0;
      const other = Math.min(nodeCount - 1, start + Math.floor(random() * (isNear ? 50 : nodeCount)));
      const [low, high] = node < other ? [node, other] : [other, node];
      if (low !== high) links.set(`${low} ${high}`, [low, high]);
    }
  }
  const ends = Uint32Array.from([...links.values()].flat());
  return { nodeCount, ends, weights: new Float64Array(links.size).fill(1) };
};

it('groups of many links are found on another thread, and are the same at every call', async () => {
  const threads = countThreads();
  const graph = clustered(500, 6);
  const [finest, ...coarser] = await louvainGroups(graph, 1, createRun());
  expect(threads()).toBe(1);
  expect([finest, ...coarser]).toEqual(await louvainGroups(graph, 1, createRun()));
  // Nearly all nodes of a cluster are in one group on the coarsest level.
  const top = coarser.at(-1) ?? finest;
  const own = Array.from({ length: 50 }, (_, node) => top?.[node]);
  expect(own.filter((group) => group === own[0]).length).toBeGreaterThan(40);
});

it('where the packages are in a bundle the same groups are found without a thread, and so are those of few links', async () => {
  const graph = clustered(500, 6);
  const apart = await louvainGroups(graph, 1, createRun());
  const threads = countThreads();
  vi.resetModules();
  vi.doMock('../thread/index.js', () => ({ packagePath: () => undefined }));
  const bundled = await import('./louvain.js');
  vi.doUnmock('../thread/index.js');
  expect(await bundled.louvainGroups(graph, 1, createRun())).toEqual(apart);
  expect((await louvainGroups(clustered(100, 4), 1, createRun())).length).toBeGreaterThan(0);
  expect(threads()).toBe(0);
});

it('an abort ends the thread', async () => {
  const stopping = new AbortController();
  const finding = louvainGroups(clustered(2_000, 8), 1, createRun({ signal: stopping.signal }));
  stopping.abort(new Error('enough'));
  await expect(finding).rejects.toThrow('enough');
});

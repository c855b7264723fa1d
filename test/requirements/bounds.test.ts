import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createRun, PipewrightError } from '../../src/core/index.js';
import { cascade, modelRegistry, performanceWindow, router } from '../../src/model/index.js';
import { batch, budget, budgetPool, bulkhead, cache, rateLimit, semanticCache } from '../../src/resilience/index.js';
import { memoryStore } from '../../src/store/index.js';
import { manualClock, scripted, testRun } from '../../src/testing/index.js';
import { lengthEmbedder } from './decorators.js';

const root = join(import.meta.dirname, '../..');

describe('Q07 what is made, used and dropped', () => {
  it('Q07 10,000 decorated models, registries and routers leave the heap as it was', async () => {
    const child = join(root, 'test/children/make-and-drop.ts');
    const args = ['--expose-gc', '--import', 'tsx', child];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root });
    const { before, after } = JSON.parse(stdout) as { readonly before: number; readonly after: number };
    // The questions alone are 5 MB.
    expect(after - before).toBeLessThan(1_000_000);
  }, 60_000);

  it('Q07 5,000 agents, flows, buses and teams leave the heap as it was', async () => {
    const child = join(root, 'test/children/make-and-drop-agents.ts');
    const args = ['--expose-gc', '--import', 'tsx', child];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root });
    const { before, after } = JSON.parse(stdout) as { readonly before: number; readonly after: number };
    // What each makes is several kilobytes.
    expect(after - before).toBeLessThan(1_000_000);
  }, 60_000);

  it('Q07 no module keeps a collection that grows', () => {
    // One for each encoding of a tokenizer; one that is made when it is first needed; a warning that was given; the compiled kernel; a sentinel; and a table that is built at once.
    const known = new Set([
      'model/encoding.ts: loaded',
      'text/sentences.ts: shared',
      'vector/vector-space.ts: hasWarned',
      'vector/kernel/module.ts: compiled',
      'vector/kernel/module.ts: isRefused',
      'core/event-queue.ts: left',
      // One for each of two folders.
      'thread/step-threads.ts: pools',
      'provider/extractive/synonyms.ts: kin',
      // One thing each: the last that was taken apart.
      'model/model-name.ts: last',
      'prompt/examples.ts: last',
      // Variables in the text of a program.
      'thread/helper-thread.ts: asked',
      'thread/helper-thread.ts: lastAsked',
      'thread/helper-thread.ts: idle',
      'thread/helper-thread.ts: open',
    ]);
    const source = join(root, 'src');
    // The sources of the WebAssembly module run in a memory that each collection has for itself.
    const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter(
      (path) => path.endsWith('.ts') && !/\.test(?:-d)?\.ts$|\/assembly\//.test(path),
    );
    const found = files.flatMap((path) =>
      [...readFileSync(join(source, path), 'utf8').matchAll(growing)].map(
        ([, variable, collection]) => `${path}: ${variable ?? collection}`,
      ),
    );
    expect(found.filter((place) => !known.has(place))).toEqual([]);
    expect(files.length).toBeGreaterThan(100);
  });
});

/** At the start of a line: what can be put into, and variables. */
const growing =
  /^(?:export )?(?:let (\w+)|const (\w+)(?![^=\n]*[Rr]eadonly)[^=\n]*= (?:new (?:Map|Set)(?:<[^;\n]*>)?\(\)|\[\]|\{\}))/gm;

describe('Q27 what is remembered', () => {
  const thousands = Array.from({ length: 3_000 }, (_, index) => index);

  it('Q27 a cache lets the answer go that was not asked for the longest, by number and by size', async () => {
    let calls = 0;
    const answer = (text: string): string => {
      calls += 1;
      return text.repeat(10);
    };
    const few = cache(answer, { memory: { maxEntries: 10 } });
    for (const index of thousands) await few(`question ${index}`);
    expect(few.cache.stats()).toMatchObject({ entries: 10, evictions: 2_990 });
    await few('question 2990');
    expect(calls).toBe(3_000);
    await few('question 2989');
    expect(calls).toBe(3_001);

    const small = cache(answer, { memory: { maxBytes: 10_000 } });
    for (const index of thousands) await small(`question ${index}`);
    expect(small.cache.stats().bytes).toBeLessThanOrEqual(10_000);
    expect(small.cache.stats().entries).toBeGreaterThan(0);
  });

  it('Q27 a semantic cache holds no more than it may', async () => {
    const ask = semanticCache(scripted(['Hi'], { shouldRepeat: true }), {
      embedder: lengthEmbedder,
      threshold: 1,
      memory: { maxEntries: 10 },
    });
    for (let length = 1; length <= 300; length += 1) await ask('x'.repeat(length));
    expect(ask.cache.stats().entries).toBeLessThanOrEqual(10);
  });

  it('Q27 a pool in memory counts for so many keys and no more, until its window is over', async () => {
    const clock = manualClock();
    const run = createRun({ clock });
    const pool = budgetPool({ maxCalls: 5, perMs: 1_000 });
    const amount = { costUsd: 0, tokens: 0, calls: 1 };
    for (let tenant = 0; tenant < 100_000; tenant += 1) await pool.take(amount, `tenant ${tenant}`, run);
    await expect(pool.take(amount, 'one more', run)).rejects.toMatchObject({ code: 'queue-full' });
    await pool.take(amount, 'tenant 7', run);
    await clock.advance(1_000);
    await pool.take(amount, 'one more', run);
  });

  it('Q27 a pool in a store leaves nothing there once its windows are over', async () => {
    const clock = manualClock();
    const store = memoryStore({ clock });
    const pool = budgetPool({ maxCalls: 5, perMs: 1_000, store });
    const ask = budget((text: string) => text, { maxCalls: 1, pool, poolKey: (text) => text });
    for (let tenant = 0; tenant < 50; tenant += 1) await ask(`tenant ${tenant}`, createRun({ clock }));
    await clock.advance(10_000);
    let left = 0;
    for await (const _entry of store.range({})) left += 1;
    expect(left).toBe(0);
  });

  it('Q27 queues refuse what is too much', async () => {
    const { run, abort } = testRun();
    const never = (): Promise<string> => new Promise(() => undefined);
    const queues = [
      bulkhead(never, { maxConcurrent: 1, maxQueued: 10 }),
      rateLimit(never, { limits: [{ requests: 1 }], maxQueued: 10, maxWaitMs: Number.POSITIVE_INFINITY }),
      batch(never as unknown as (inputs: readonly string[]) => string[], { maxQueued: 10, maxSize: 1, maxInFlight: 1 }),
    ];
    for (const ask of queues) {
      const outcomes = Array.from({ length: 100 }, () =>
        (ask as (text: string, inner: typeof run) => Promise<unknown>)('a', run).catch((error: unknown) => error),
      );
      const early = await Promise.all(outcomes.slice(50));
      expect(early.every((error) => error instanceof PipewrightError && error.code === 'queue-full')).toBe(true);
    }
    abort(new Error('gone'));
  });

  it('Q27 a window of calls keeps the last ones, and a registry as many of each model', async () => {
    const window = performanceWindow(10);
    for (const index of thousands) window.add({ atMs: index, durationMs: index, outputTokens: 1 });
    expect(window.calls()).toHaveLength(10);
    const registry = modelRegistry([{ model: scripted(['Hi'], { shouldRepeat: true }) }]);
    const ask = registry.model();
    for (const index of thousands.slice(0, 1_000)) await ask(`question ${index}`);
    expect(JSON.stringify(registry.export()).length).toBeLessThan(100_000);
  });

  it('Q27 routers and cascades hold nothing of the questions', async () => {
    const models = [scripted(['Hi'], { id: 'small', shouldRepeat: true }), scripted(['Hi'], { id: 'large' })] as const;
    const levels = cascade(models);
    const routed = router(models);
    for (const index of thousands.slice(0, 500)) {
      await routed(`question ${index}`);
      await levels(`question ${index}`);
    }
    expect(JSON.stringify(levels.stats()).length).toBeLessThan(1_000);
    expect(JSON.stringify(routed.explain('question 7')).length).toBeLessThan(10_000);
  });
});

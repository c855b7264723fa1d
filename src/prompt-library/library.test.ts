import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { assistant, inspect, type Message, pipe, type Store, system, user } from '../core/index.js';
import { history, sources } from '../prompt/index.js';
import { diskStore, memoryStore, scoped } from '../store/index.js';
import { scripted, testRun } from '../testing/index.js';
import { type PromptContent, type PromptLibrary, promptLibrary, recorded } from './index.js';

const chat: PromptContent = [
  system('You are {role}. Write {{braces}}.'),
  history('turns'),
  sources('passages'),
  user([
    { type: 'text', text: 'About {topic}' },
    { type: 'image', data: new Uint8Array([1, 2, 3]), mediaType: 'image/png' },
  ]),
];

const open = (store: Store = memoryStore()): PromptLibrary => promptLibrary({ store });
const withCode = (code: string) => expect.objectContaining({ code });

describe('promptLibrary', () => {
  it('keeps every version, with author, note, time of the run and hash', async () => {
    const library = open();
    const { run } = testRun({ nowMs: 500 });
    const first = await library.save('greet', 'Hello {name}', { author: 'Ann', note: 'First.' }, run);
    expect(first).toMatchObject({ name: 'greet', version: 1, createdMs: 500, author: 'Ann', note: 'First.' });
    const second = await library.save('greet', 'Hi {name}', {}, run);
    expect(second.version).toBe(2);
    expect(second.hash).not.toBe(first.hash);
    expect(await library.get('greet')).toEqual(second);
    expect(await library.get('greet', 1)).toEqual(first);
    expect((await library.versions('greet')).map(({ version }) => version)).toEqual([2, 1]);
    expect((await library.versions('greet', { before: 2 })).map(({ version }) => version)).toEqual([1]);
    expect((await library.versions('greet', { limit: 1 })).map(({ version }) => version)).toEqual([2]);
  });

  it('makes no new version of a content that equals the latest, but moves its labels', async () => {
    const library = open();
    await library.save('chat', chat);
    const again = await library.save('chat', structuredClone(chat), { labels: ['production'] });
    expect(again.version).toBe(1);
    expect(await library.get('chat', 'production')).toMatchObject({ version: 1, content: chat });
  });

  it('rolls back with a new version, and moves labels back without one', async () => {
    const library = open();
    await library.save('p', 'one', { labels: ['production'] });
    await library.save('p', 'two', { labels: ['production'] });
    const back = await library.rollBack('p', 1);
    expect(back).toMatchObject({ version: 3, content: 'one', note: 'Back to version 1.' });
    expect((await library.get('p', 'production')).version).toBe(2);
    await library.change('p', { labels: { production: 1 } });
    expect((await library.get('p', 'production')).content).toBe('one');
    await library.change('p', { labels: { production: undefined } });
    await expect(library.get('p', 'production')).rejects.toEqual(withCode('not-found'));
  });

  it('lists by name, tag and label, page by page', async () => {
    const library = open();
    for (const name of ['b/x', 'a', 'ä%', 'c']) {
      await library.save(name, name, { tags: name === 'c' ? ['t', 'u'] : ['t'], description: `is ${name}` });
    }
    await library.change('a', { labels: { live: 1 } });
    const names: string[] = [];
    for (let after: string | undefined; ; ) {
      const page = await library.list(after === undefined ? { limit: 3 } : { limit: 3, after });
      names.push(...page.prompts.map(({ name }) => name));
      if (page.next === undefined) break;
      after = page.next;
    }
    expect(names.toSorted()).toEqual(['a', 'b/x', 'c', 'ä%'].toSorted());
    expect((await library.list({ tag: 'u' })).prompts).toMatchObject([
      { name: 'c', description: 'is c', tags: ['t', 'u'] },
    ]);
    expect((await library.list({ label: 'live' })).prompts).toMatchObject([{ name: 'a', labels: { live: 1 } }]);
    expect((await library.list({ label: 'constructor' })).prompts).toEqual([]);
    await library.change('c', { tags: [], description: '' });
    expect(await library.facts('c')).toEqual({ tags: [], labels: {} });
  });

  it('deletes a prompt with all of it, and nothing of one whose name begins alike', async () => {
    const library = open();
    await library.save('a', 'one');
    await library.save('a', 'two');
    await library.record({ name: 'a', version: 2 }, { quality: 1 });
    await library.save('a/b', 'other');
    expect(await library.delete('a')).toBe(true);
    expect(await library.delete('a')).toBe(false);
    await expect(library.get('a')).rejects.toEqual(withCode('not-found'));
    expect((await library.list()).prompts.map(({ name }) => name)).toEqual(['a/b']);
    await library.save('a', 'new');
    expect(await library.save('a', 'newer')).toMatchObject({ version: 2 });
    expect(await library.stats('a')).toEqual({ uses: 0, failures: 0 });
  });

  it('names what is not there, and refuses what is no prompt', async () => {
    const library = open();
    await library.save('p', 'x');
    for (const which of [2, 0, 1.5, 'production', '__proto__', 'toString']) {
      await expect(library.get('p', which)).rejects.toEqual(withCode('not-found'));
    }
    await expect(library.change('p', { labels: { live: 9 } })).rejects.toEqual(withCode('not-found'));
    await expect(library.save('p', 'a { b')).rejects.toThrow(/single `{` at character 3/);
    const wrong = [42, null, {}, [{ role: 'boss', content: 'x' }], [{ role: 'user', content: [{}] }], [{ slot: 'x' }]];
    for (const content of wrong) {
      await expect(library.save('q', content as never)).rejects.toEqual(withCode('bad-input'));
    }
    await expect(
      library.save('q', [{ role: 'user', content: [{ type: 'text', text: 'x', f: () => 1 }] }] as never),
    ).rejects.toEqual(withCode('bad-input'));
    for (const name of ['', ' x', 'a\nb', 'x'.repeat(101), '\ud800']) {
      await expect(library.save(name, 'x')).rejects.toEqual(withCode('bad-input'));
    }
    await expect(library.save('q', 'x', { tags: [''] })).rejects.toEqual(withCode('bad-input'));
    await expect(library.save('q', 'x', { labels: ['__proto__'] })).rejects.toEqual(withCode('bad-input'));
    expect((await library.list()).prompts.map(({ name }) => name)).toEqual(['p']);
  });

  it('gives each of many writers a version of its own and loses none, also from two libraries over one store', async () => {
    const store = memoryStore();
    const libraries = [open(store), open(store)];
    const saved = await Promise.all(
      Array.from({ length: 60 }, (_, index) =>
        (libraries[index % 2] as PromptLibrary).save('p', `text ${index}`, { labels: [`l${index}`] }),
      ),
    );
    expect(saved.map(({ version }) => version).toSorted((a, b) => a - b)).toEqual(saved.map((_, index) => index + 1));
    const { labels } = await open(store).facts('p');
    for (const { version, content } of saved) {
      expect((await open(store).get('p', version)).content).toBe(content);
      expect(labels[String(content).replace('text ', 'l')]).toBe(version);
    }
  });

  it('loses nothing when somebody writes while it is deleted', async () => {
    const library = open();
    for (let round = 0; round < 30; round++) {
      await library.save('p', `a${round}`);
      const [saved] = await Promise.all([library.save('p', `b${round}`), library.delete('p')]);
      const { prompts } = await library.list();
      const found = await library.get('p').catch(() => undefined);
      expect(prompts.map(({ latest }) => latest)).toEqual(found === undefined ? [] : [found]);
      if (found !== undefined) expect(found).toEqual(saved);
    }
  });

  it('says which record is damaged or too new', async () => {
    const store = memoryStore();
    const library = open(store);
    await library.save('p', 'text');
    for await (const [key, value] of store.range({ from: 'version/p/', to: 'version/p0' })) {
      const data = JSON.parse(new TextDecoder().decode(value));
      const put = (changed: unknown) =>
        store.write([{ type: 'put', key, value: new TextEncoder().encode(JSON.stringify(changed)) }]);
      await put({ ...data, version: 2 });
      await expect(library.get('p')).rejects.toMatchObject({ code: 'store-newer', details: { where: key } });
      for (const damage of [
        { ...data, content: 'other' },
        { ...data, hash: 1 },
        { ...data, content: { $type: 'Map', value: 1 } },
        [],
        7,
      ]) {
        await put(damage);
        await expect(library.get('p')).rejects.toMatchObject({ code: 'store-damaged', details: { where: key } });
      }
      await store.write([{ type: 'put', key, value: new Uint8Array([0xff, 0]) }]);
      await expect(library.list()).rejects.toEqual(withCode('store-damaged'));
    }
    // It can still be taken out.
    expect(await library.delete('p')).toBe(true);
    expect((await library.list()).prompts).toEqual([]);
  });
});

describe('library.prompt', () => {
  it('checks its variables at run time and says which is wrong', async () => {
    const library = open();
    await library.save('greet', 'Hello {name}');
    const greet = library.prompt('greet');
    expect(await greet({ name: '{name}' })).toBe('Hello {name}');
    expect(greet.variables).toEqual(['name']);
    await expect(greet({})).rejects.toMatchObject({ code: 'variable-missing', details: { where: 'name' } });
    await expect(greet({ name: 'x', tone: 'y' })).rejects.toMatchObject({
      code: 'variable-extra',
      details: { where: 'tone' },
    });
    await expect(library.prompt('nobody')({})).rejects.toEqual(withCode('not-found'));
    expect(inspect(greet)).toMatchObject({ kind: 'library-prompt', name: 'greet', details: { version: 'latest' } });
  });

  it('renders chat prompts with their parts', async () => {
    const library = open();
    await library.save('chat', chat);
    const turns: readonly Message[] = [user('{x}'), assistant('y')];
    const messages = await library.prompt('chat')({ role: 'a poet', turns, passages: [], topic: 'trees' });
    expect(messages).toHaveLength(4);
    expect(messages[0]).toEqual({ role: 'system', content: 'You are a poet. Write {braces}.' });
  });

  it('follows a label that moves and the latest version, and reads a numbered version once', async () => {
    const store = memoryStore();
    let reads = 0;
    const counting: Store = {
      ...store,
      get: (key) => {
        reads++;
        return store.get(key);
      },
    };
    const library = open(counting);
    await library.save('p', 'one', { labels: ['live'] });
    const [live, latest, first] = [library.prompt('p', 'live'), library.prompt('p'), library.prompt('p', 1)];
    await library.save('p', 'two');
    expect([await live({}), await latest({}), await first({})]).toEqual(['one', 'two', 'one']);
    await library.change('p', { labels: { live: 2 } });
    expect([await live({}), await latest({}), await first({})]).toEqual(['two', 'two', 'one']);
    reads = 0;
    await first({});
    expect(reads).toBe(0);
  });
});

describe('statistics', () => {
  it('adds up to exact mean and variance, and quantiles of the last hundred', async () => {
    const library = open();
    const { version } = await library.save('p', 'x');
    const figures = Array.from({ length: 300 }, (_, index) => (index * 7919) % 300);
    for (const durationMs of figures) await library.record({ name: 'p', version }, { durationMs });
    const { durationMs, uses } = await library.stats('p');
    const mean = figures.reduce((sum, figure) => sum + figure, 0) / 300;
    const variance = figures.reduce((sum, figure) => sum + (figure - mean) ** 2, 0) / 299;
    expect(uses).toBe(300);
    expect(durationMs?.mean).toBeCloseTo(mean, 9);
    expect(durationMs?.standardDeviation).toBeCloseTo(Math.sqrt(variance), 9);
    const last = figures.slice(-100).toSorted((a, b) => a - b);
    expect(durationMs).toMatchObject({ count: 300, min: 0, max: 299, p50: last[49], p95: last[94] });
  });

  it('loses no record of many at once, and writes them in a few goes', async () => {
    const store = memoryStore();
    let writes = 0;
    const counting: Store = {
      ...store,
      compareAndSet: (...given) => {
        writes++;
        return store.compareAndSet(...given);
      },
    };
    const libraries = [open(counting), open(counting)];
    await open(store).save('p', 'x');
    await Promise.all(
      Array.from({ length: 500 }, (_, index) =>
        (libraries[index % 2] as PromptLibrary).record(
          { name: 'p', version: 1 },
          { quality: index % 2, durationMs: 1 },
        ),
      ),
    );
    expect(await open(store).stats('p')).toMatchObject({
      uses: 500,
      quality: { count: 500, mean: expect.closeTo(0.5, 9) },
    });
    expect(writes).toBeLessThan(100);
    await expect(open(store).record({ name: 'p', version: 1 }, { quality: Number.NaN })).rejects.toEqual(
      withCode('bad-input'),
    );
    await expect(open(store).record({ name: 'p', version: 1 }, { durationMs: -1 })).rejects.toEqual(
      withCode('bad-input'),
    );
    await expect(open(store).record({ name: 'p', version: 2 }, { quality: 1 })).rejects.toEqual(withCode('not-found'));
  });

  it('Q27 keeps a record of bounded size however much is told', async () => {
    const store = memoryStore();
    const library = open(store);
    await library.save('p', 'x');
    const sizes: number[] = [];
    for (let round = 0; round < 4; round++) {
      await Promise.all(
        Array.from({ length: 200 }, (_, index) => library.record({ name: 'p', version: 1 }, { tokens: 100 + index })),
      );
      for await (const [, value] of store.range({ from: 'stats/', to: 'stats0' })) sizes.push(value.length);
    }
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThan(100);
  });

  it('are recorded by themselves for every version that a call used', async () => {
    const library = open();
    await library.save('rules', 'Be brief.');
    await library.save('ask', 'Say {word}');
    const { run, clock } = testRun({ nowMs: 0 });
    const model = scripted(
      [
        [
          { type: 'wait', ms: 40 },
          { type: 'text-delta', text: 'Hi' },
          { type: 'usage', usage: { inputTokens: 10, outputTokens: 5 } },
          { type: 'finish', reason: 'stop' },
        ],
      ],
      { price: { input: 1_000, output: 0 }, shouldRepeat: true },
    );
    // What the run has spent before is not the step's.
    const before = model('Warm up', run);
    await clock.advance(40);
    await before;
    const step = recorded(
      pipe(
        async (word: string, inner) =>
          `${await library.prompt('rules')({}, inner)} ${await library.prompt('ask')({ word }, inner)}`,
        model,
      ),
      { library, quality: ({ input, output }) => (output.text === input ? 1 : 0) },
    );
    const call = step('Hi', run);
    await clock.advance(40);
    expect((await call).text).toBe('Hi');
    for (const name of ['rules', 'ask']) {
      expect(await library.stats(name)).toMatchObject({
        uses: 1,
        failures: 0,
        quality: { mean: 1 },
        durationMs: { mean: 40 },
        tokens: { mean: 15 },
        costUsd: { mean: 0.01 },
      });
    }
    // What is spent inside counts outside as well.
    expect(run.meter.spent.usage).toMatchObject({ inputTokens: 20, outputTokens: 10 });
  });

  it('count failures, leave out what the caller aborted, and never fail a call', async () => {
    const library = open();
    await library.save('p', 'x');
    const boom = new Error('boom');
    const failing = recorded(
      pipe(library.prompt('p'), () => Promise.reject(boom)),
      { library },
    );
    await expect(failing({})).rejects.toBe(boom);
    expect(await library.stats('p')).toMatchObject({ uses: 1, failures: 1 });

    const { run, abort } = testRun();
    const stalled = recorded(pipe(library.prompt('p'), scripted([[{ type: 'stall' }]])), { library })({}, run);
    setImmediate(() => abort(new Error('enough')));
    await expect(stalled).rejects.toThrow('enough');
    expect(await library.stats('p')).toMatchObject({ uses: 1 });

    const broken = { record: () => Promise.reject(new Error('disk full')) };
    const watched = testRun();
    const step = recorded(
      pipe(library.prompt('p'), (text) => text),
      { library: broken },
    );
    expect(await step({}, watched.run)).toBe('x');
    expect(watched.events).toContainEqual(
      expect.objectContaining({ type: 'warning', message: expect.stringContaining('disk full') }),
    );
  });
});

describe('on disk', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pipewright-prompts-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('is there again after the store was closed, in its part of a store', async () => {
    const first = await diskStore(join(folder, 'one'));
    await promptLibrary({ store: scoped(first, 'prompts') }).save('chat', chat, { labels: ['live'] });
    await first.close();
    await using second = await diskStore(join(folder, 'one'));
    expect(await promptLibrary({ store: scoped(second, 'prompts') }).get('chat', 'live')).toMatchObject({
      content: chat,
    });
  });
});

import { spawn, spawnSync } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Store } from '../core/index.js';
import { describeStore } from '../testing/suites/index.js';
import { diskStore } from './index.js';

let root = '';
let count = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'pipewright-store-'));
});
afterAll(() => rm(root, { recursive: true }));
const freshPath = (): string => join(root, `s${count++}`);

describeStore('diskStore', { open: async (clock) => diskStore(freshPath(), { clock }) });

const put = (key: string, value: string): { type: 'put'; key: string; value: Uint8Array } => ({
  type: 'put',
  key,
  value: Buffer.from(value),
});
const textOf = async (store: Store, key: string): Promise<string | undefined> => {
  const value = await store.get(key);
  return value === undefined ? undefined : Buffer.from(value).toString();
};

/** Writes `n0`, `n1`, … in batches of two keys and prints each number once its write is acknowledged. */
const writerProgram = `
  import { diskStore } from ${JSON.stringify(fileURLToPath(new URL('./index.ts', import.meta.url)))};
  const store = await diskStore(process.argv[1]);
  const value = new Uint8Array(2_000);
  for (let i = Number(process.argv[2]); ; i++) {
    await store.write([{ type: 'put', key: 'n' + i, value }, { type: 'put', key: 'm' + i, value }]);
    process.stdout.write(i + '\\n');
  }`;
const tsProgram = (program: string, ...args: readonly string[]): string[] => [
  '--import',
  'tsx',
  '--input-type=module',
  '-e',
  program,
  ...args,
];

/** Runs the writer until it has acknowledged `writes` numbers, kills it, and returns the last number it told. */
const writeAndKill = (path: string, from: number, writes: number): Promise<number> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, tsProgram(writerProgram, path, String(from)), {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    let problems = '';
    child.stderr.on('data', (chunk) => {
      problems += String(chunk);
    });
    child.stdout.on('data', (chunk) => {
      output += String(chunk);
      if (output.split('\n').length > writes) child.kill('SIGKILL');
    });
    child.on('close', () => {
      const told = output.slice(0, output.lastIndexOf('\n')).split('\n');
      if (output === '') reject(new Error(problems));
      else resolve(Number(told.at(-1)));
    });
  });

describe('diskStore', () => {
  it('finds everything again after close', async () => {
    const path = freshPath();
    const first = await diskStore(path);
    await first.write([put('a', '1'), put('b', '2')]);
    await first.close();
    await using second = await diskStore(path);
    expect(await textOf(second, 'a')).toBe('1');
    expect(await textOf(second, 'b')).toBe('2');
  });

  it('loses nothing acknowledged and keeps batches whole when the process is killed', async () => {
    const path = freshPath();
    let next = 0;
    for (const writes of [1, 7, 60]) {
      const last = await writeAndKill(path, next, writes);
      await using store = await diskStore(path);
      for (let i = 0; i <= last; i++) expect(await store.get(`n${i}`), `n${i}`).toHaveLength(2_000);
      let pairs = 0;
      for await (const [key] of store.range({ from: 'n', to: 'o' })) {
        expect(await store.get(`m${key.slice(1)}`)).toHaveLength(2_000);
        pairs++;
      }
      // At most one write was under way when the process ended.
      expect(pairs).toBeLessThanOrEqual(last + 2);
      next = last + 1;
    }
  });

  it('refuses a second user of the folder, in this process and in others, until the first one closes', async () => {
    const path = freshPath();
    const first = await diskStore(path);
    await first.write([put('a', '1')]);
    await expect(diskStore(path)).rejects.toMatchObject({
      code: 'store-locked',
      retryable: true,
      message: expect.stringContaining(path),
    });
    const program = `
      import { diskStore } from ${JSON.stringify(fileURLToPath(new URL('./index.ts', import.meta.url)))};
      await diskStore(process.argv[1]).catch((error) => process.stdout.write(error.code));`;
    expect(spawnSync(process.execPath, tsProgram(program, path), { encoding: 'utf8' }).stdout).toBe('store-locked');
    await first.write([put('b', '2')]);
    await first.close();
    await using second = await diskStore(path);
    expect(await textOf(second, 'b')).toBe('2');
  });

  it('loses no increment of two processes that take turns, nor of many at once in each', async () => {
    const path = freshPath();
    const program = `
      import { diskStore } from ${JSON.stringify(fileURLToPath(new URL('./index.ts', import.meta.url)))};
      const open = async () => {
        for (;;) {
          try { return await diskStore(process.argv[1]); }
          catch (error) {
            if (error.code !== 'store-locked') throw error;
            await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
          }
        }
      };
      for (let turn = 0; turn < 5; turn++) {
        const store = await open();
        const increment = async () => {
          for (;;) {
            const seen = await store.get('count');
            const next = Buffer.from(String(Number(seen ? Buffer.from(seen).toString() : 0) + 1));
            if (await store.compareAndSet('count', seen, next)) return;
          }
        };
        await Promise.all(Array.from({ length: 10 }, increment));
        await store.close();
      }`;
    const runs = [1, 2].map(
      () =>
        new Promise<number | null>((resolve) => {
          spawn(process.execPath, tsProgram(program, path), { stdio: ['ignore', 'ignore', 'inherit'] }).on(
            'close',
            resolve,
          );
        }),
    );
    expect(await Promise.all(runs)).toEqual([0, 0]);
    await using store = await diskStore(path);
    expect(await textOf(store, 'count')).toBe('100');
  });

  it('refuses both or one of two that open at the same time, never none', async () => {
    const path = freshPath();
    const opened = await Promise.allSettled([diskStore(path), diskStore(path), diskStore(path)]);
    const stores = opened.filter((result) => result.status === 'fulfilled');
    expect(stores.length).toBeLessThanOrEqual(1);
    for (const { value } of stores) await value.close();
    await (await diskStore(path)).close();
  });

  it('names the file of another program, of garbage, and of one whose head is cut off', async () => {
    const lmdb = await import('lmdb');
    const foreign = freshPath();
    const db = lmdb.open(foreign, { noSubdir: false });
    await db.put('key', 'value');
    await db.close();
    const garbage = freshPath();
    await mkdir(garbage);
    await writeFile(join(garbage, 'data.mdb'), Buffer.alloc(50_000, 7));
    const cut = freshPath();
    await mkdir(cut);
    await copyFile(join(foreign, 'data.mdb'), join(cut, 'data.mdb'));
    await truncate(join(cut, 'data.mdb'), 4_096);
    for (const path of [foreign, garbage, cut]) {
      await expect(diskStore(path), path).rejects.toMatchObject({
        code: 'store-damaged',
        message: expect.stringContaining(path),
        details: { where: path },
      });
    }
  });

  it('refuses a file that lost its end, and one of a later LMDB format', async () => {
    const path = freshPath();
    const store = await diskStore(path);
    await store.write(Array.from({ length: 2_000 }, (_, i) => put(`k${i}`, 'x'.repeat(1_000))));
    await store.close();
    const file = join(path, 'data.mdb');
    const { size } = await stat(file);
    const later = await readFile(file);
    await truncate(file, Math.floor(size / 2));
    await expect(diskStore(path)).rejects.toMatchObject({
      code: 'store-damaged',
      message: expect.stringMatching(/of \d+ bytes/),
    });
    later[28] = 9;
    await writeFile(file, later);
    await expect(diskStore(path)).rejects.toMatchObject({
      code: 'store-damaged',
      message: expect.stringContaining('format 9'),
    });
  });

  it('survives in this process when only a few pages are missing, and says which entry is damaged', async () => {
    const path = freshPath();
    const store = await diskStore(path);
    await store.write(Array.from({ length: 500 }, (_, i) => put(`k${i}`, `${i}`.repeat(300))));
    await store.close();
    const file = join(path, 'data.mdb');
    await truncate(file, (await stat(file)).size - 3 * 4_096);
    const read = async (): Promise<void> => {
      await using damagedStore = await diskStore(path);
      for (let i = 0; i < 500; i++) await damagedStore.get(`k${i}`);
    };
    await expect(read()).rejects.toMatchObject({ code: 'store-damaged', message: expect.stringContaining(path) });
  });

  it('notices a changed byte in a value', async () => {
    const path = freshPath();
    const store = await diskStore(path);
    await store.write([put('a', 'the original value')]);
    await store.close();
    const file = join(path, 'data.mdb');
    const content = await readFile(file);
    for (let at = content.indexOf('original'); at >= 0; at = content.indexOf('original', at + 1)) content[at] = 0x4f;
    await writeFile(file, content);
    await using changed = await diskStore(path);
    await expect(changed.get('a')).rejects.toMatchObject({
      code: 'store-damaged',
      message: expect.stringContaining('the entry `a` has changed'),
    });
    const walk = async (): Promise<void> => {
      for await (const _ of changed.range({}));
    };
    await expect(walk()).rejects.toMatchObject({ code: 'store-damaged' });
  });

  it('refuses a format that a later version wrote', async () => {
    const path = freshPath();
    await (await diskStore(path)).close();
    const lmdb = await import('lmdb');
    const { crc32 } = await import('node:zlib');
    const db = lmdb.open<Uint8Array, Uint8Array>(path, { noSubdir: false, encoding: 'binary', keyEncoding: 'binary' });
    const head = Buffer.alloc(4);
    head.writeUInt32BE(crc32('2'));
    await db.put(Buffer.from('mformat'), Buffer.concat([head, Buffer.from('2')]));
    await db.close();
    await expect(diskStore(path)).rejects.toMatchObject({
      code: 'store-newer',
      message: expect.stringContaining('format 2'),
    });
  });

  it('says so when the path is empty or not a folder', async () => {
    const file = freshPath();
    await writeFile(file, '');
    await expect(diskStore('')).rejects.toMatchObject({ code: 'bad-option' });
    await expect(diskStore(file)).rejects.toMatchObject({ code: 'bad-option', message: expect.stringContaining(file) });
    await expect(diskStore(join(file, 'below'))).rejects.toMatchObject({ code: 'bad-option' });
  });
});

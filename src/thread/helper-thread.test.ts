import { expect, it } from 'vitest';
import { createRun, PipewrightError } from '../core/index.js';
import { helperThread } from './helper-thread.js';
import { entryUrl, packagePath } from './module-places.js';

const program = `({ add }) => async (question, askBack) => {
  if (question === 'ask') return (await askBack('a')) + (await askBack('b').catch((error) => error.message));
  if (question === 'loop') for (;;);
  if (question === 'leave') process.exit(3);
  if (question === 'fail') throw new TypeError('no number');
  if (question === 'slow') return new Promise((resolve) => setTimeout(resolve, 50, 'late'));
  if (question === 'typed') {
    throw Object.assign(new Error('It is locked.'), {
      [Symbol.for('pipewright.error')]: true, code: 'document-encrypted', details: { where: 'a' }, retryable: true,
    });
  }
  return question + add;
}`;
const thread = () => helperThread({ program, data: { add: 10 } });

/** What starts while `work` runs. */
const startsDuring = async (work: () => Promise<unknown>): Promise<number> => {
  let starts = 0;
  const count = (): void => void starts++;
  process.on('worker', count);
  await work();
  process.off('worker', count);
  return starts;
};

it('a helper thread answers many questions, started once, with the first', async () => {
  const { ask } = thread();
  const run = createRun();
  const starts = await startsDuring(async () => {
    expect(await Promise.all([1, 2, 3].map((n) => ask(n, run)))).toEqual([11, 12, 13]);
    expect(await ask(4, run)).toBe(14);
  });
  expect(starts).toBe(1);
});

it('what the program throws keeps its code, its details and whether to try again', async () => {
  const { ask } = thread();
  const run = createRun();
  const error = await ask('typed', run).catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(PipewrightError);
  expect(error).toMatchObject({ code: 'document-encrypted', details: { where: 'a' }, retryable: true });
  await expect(ask('fail', run)).rejects.toThrow('no number');
});

it('the program asks back while it answers, and gets what was thrown as an error', async () => {
  const { ask } = thread();
  const onAskBack = async (question: unknown): Promise<unknown> => {
    if (question === 'b') throw new Error('no b');
    return `${String(question)}!`;
  };
  expect(await ask('ask', createRun(), onAskBack)).toBe('a!no b');
  await expect(ask('ask', createRun())).rejects.toThrow('Nobody answers here');
});

it('an abort ends a thread that is lost in its work, and the next question starts another', async () => {
  const { ask } = thread();
  const stopping = new AbortController();
  const lost = ask('loop', createRun({ signal: stopping.signal }));
  stopping.abort(new Error('enough'));
  await expect(lost).rejects.toThrow('enough');
  expect(await ask(1, createRun())).toBe(11);
});

it('an abort of one question leaves the others theirs', async () => {
  const { ask } = thread();
  const stopping = new AbortController();
  const kept = ask('slow', createRun());
  const dropped = ask('slow', createRun({ signal: stopping.signal }));
  stopping.abort(new Error('enough'));
  await expect(dropped).rejects.toThrow('enough');
  expect(await kept).toBe('late');
});

it('a thread that ends by itself is a typed error, and the next question starts another', async () => {
  const { ask } = thread();
  await expect(ask('leave', createRun())).rejects.toMatchObject({ code: 'worker-failed' });
  expect(await ask(1, createRun())).toBe(11);
});

it('a package is found where it is installed, and an entry only in the package that is built', () => {
  expect(packagePath('graphology')).toContain('graphology');
  expect(packagePath('pipewright-has-no-such-package')).toBeUndefined();
  expect(entryUrl('document')).toBeUndefined();
});

it('a thread that cannot be started is told as one that failed', async () => {
  const { ask } = helperThread({ program, data: { add: () => 'functions cannot be handed over' } });
  await expect(ask(1, createRun())).rejects.toMatchObject({ name: 'PipewrightError', code: 'worker-failed' });
});

import { describe, expect, it, vi } from 'vitest';
import {
  addUsage,
  assertNever,
  assistant,
  checkAtLeast,
  isPipewrightError,
  loadOptional,
  messageOf,
  noUsage,
  partsOf,
  PipewrightError,
  queryOf,
  system,
  textOf,
  user,
} from './index.js';

describe('PipewrightError', () => {
  it('carries code, retryable, cause and details', () => {
    const cause = new Error('socket');
    const error = new PipewrightError('timeout', 'Too slow.', { retryable: true, cause, details: { status: 408 } });
    expect(error).toMatchObject({
      name: 'PipewrightError',
      code: 'timeout',
      message: 'Too slow.',
      retryable: true,
      cause,
      details: { status: 408 },
    });
    expect(new PipewrightError('timeout', 'Too slow.')).toMatchObject({ retryable: false, details: {} });
    expect('cause' in new PipewrightError('timeout', 'Too slow.')).toBe(false);
  });

  it('is known across two copies of the package', async () => {
    vi.resetModules();
    const other = await import('./errors.js');
    const foreign = new other.PipewrightError('timeout', 'From the other copy.');
    expect(other.PipewrightError).not.toBe(PipewrightError);
    expect(foreign instanceof PipewrightError).toBe(false);
    expect(isPipewrightError(foreign)).toBe(true);
  });

  it.each([null, undefined, 'timeout', 1, {}, new Error('x'), { code: 'timeout' }])('is not %s', (value) => {
    expect(isPipewrightError(value)).toBe(false);
  });
});

describe('small checks', () => {
  it('quote what is wrong', () => {
    expect(() => assertNever({ type: 'new' } as never)).toThrow('Unexpected value: {"type":"new"}');
    expect(() => checkAtLeast('k', 0, 1)).toThrow('`k` must be at least 1, got 0.');
    expect(() => checkAtLeast('k', Number.NaN, 1)).toThrow('NaN');
    checkAtLeast('k', Infinity, 1);
    expect([messageOf(new Error('a')), messageOf('b'), messageOf(undefined)]).toEqual(['a', 'b', 'undefined']);
  });
});

describe('loadOptional', () => {
  const missing = 'pipewright-no-such-package';

  it('hands the module on', async () => {
    expect((await loadOptional('node:path', 'joining paths', () => import('node:path'))).join('a', 'b')).toBe('a/b');
  });

  it('says what is missing, for what, and how to install it', async () => {
    const load = () =>
      Promise.reject(
        Object.assign(new Error(`Cannot find package '${missing}' imported from /x.js`), {
          code: 'ERR_MODULE_NOT_FOUND',
        }),
      );
    await expect(loadOptional(missing, 'reading PDF files', load)).rejects.toMatchObject({
      code: 'dependency-missing',
      message: `Reading PDF files needs the package \`${missing}\`. Run: npm install ${missing}`,
    });
  });

  it.each([
    [
      'another package that is missing',
      Object.assign(new Error("Cannot find package 'deeper' imported from /x.js"), { code: 'ERR_MODULE_NOT_FOUND' }),
    ],
    ['a package that breaks while loading', new SyntaxError('bad')],
    ['a thrown null', null],
  ])('hands on %s as it is', async (_, failure) => {
    await expect(loadOptional(missing, 'x', () => Promise.reject(failure))).rejects.toBe(failure);
  });
});

describe('nouns', () => {
  it('messages have parts and text', () => {
    expect(partsOf(user('hi'))).toEqual([{ type: 'text', text: 'hi' }]);
    expect(partsOf(system(''))).toEqual([]);
    const mixed = assistant([
      { type: 'text', text: 'a' },
      { type: 'reasoning', text: 'no' },
      { type: 'text', text: 'b' },
    ]);
    expect(partsOf(mixed)).toBe(mixed.content);
    expect([textOf(mixed), textOf(user('hi'))]).toEqual(['ab', 'hi']);
  });

  it('queries and usages have a long form', () => {
    expect([queryOf('q'), queryOf({ text: 'q', k: 3 })]).toEqual([{ text: 'q' }, { text: 'q', k: 3 }]);
    const sum = addUsage(
      { ...noUsage, inputTokens: 5, cachedInputTokens: 2, cacheWriteTokens: 1 },
      { ...noUsage, outputTokens: 3, reasoningTokens: 1 },
    );
    expect(sum).toEqual({
      inputTokens: 5,
      outputTokens: 3,
      cachedInputTokens: 2,
      cacheWriteTokens: 1,
      reasoningTokens: 1,
      isEstimated: false,
    });
  });
});

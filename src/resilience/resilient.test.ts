import { describe, expect, it } from 'vitest';
import { explain, inspect, PipewrightError, type Run, sleep, type StepTree } from '../core/index.js';
import type { ChatModel } from '../model/index.js';
import { memoryStore } from '../store/index.js';
import { scripted, type ScriptedModel, testRun } from '../testing/index.js';
import { budgetPool, resilient } from './index.js';

const busy = new PipewrightError('model-overloaded', 'Busy.', { retryable: true });
const refused = new PipewrightError('not-allowed', 'Bad key.');
const kindsOf = ({ kind, children }: StepTree): readonly string[] => [
  kind,
  ...(children[0] === undefined ? [] : kindsOf(children[0])),
];

/** Fails so often, then answers; counts its calls. */
const failing = (times: number, error: unknown = busy): ScriptedModel & { readonly calls: number } => {
  let calls = 0;
  const turn = () => {
    calls += 1;
    if (calls <= times) throw error;
    return 'Hello';
  };
  const model = scripted([turn], { shouldRepeat: true, id: 'main' });
  return Object.defineProperty(model, 'calls', { get: () => calls }) as ScriptedModel & { readonly calls: number };
};

describe('resilient', () => {
  it('has time-outs, tries and a circuit without being told, and keeps the model a model', async () => {
    const model: ChatModel = resilient(scripted(['Hello']));
    expect(kindsOf(inspect(model))).toEqual(['retry', 'circuit-breaker', 'timeout', 'model']);
    expect(model.id).toBe('scripted');
    expect((await model('Hi')).text).toBe('Hello');
  });

  it('puts everything in its order when all is asked for', () => {
    const model = resilient(scripted([]), {
      cache: {},
      budget: { maxCostUsd: 1 },
      fallbacks: [scripted([], { id: 'other' })],
      rateLimit: { limits: [{ requests: 60 }] },
      bulkhead: { maxConcurrent: 4 },
    });
    expect(kindsOf(inspect(model))).toEqual([
      'cache',
      'budget',
      'fallback',
      'retry',
      'circuit-breaker',
      'rate-limit',
      'bulkhead',
      'timeout',
      'model',
    ]);
    expect(inspect(model).children[0]?.children[0]?.children[1]).toMatchObject({
      kind: 'retry',
      children: [{ kind: 'circuit-breaker', details: { circuit: 'other' } }],
    });
  });

  it('leaves out what is false', () => {
    const bare = scripted([]);
    expect(resilient(bare, { timeout: false, retry: false, circuitBreaker: false })).toBe(bare);
  });

  it('tries again what may pass, and nothing else', async () => {
    const { run, clock } = testRun();
    const flaky = failing(2);
    const call = resilient(flaky)('Hi', run);
    await clock.advance(10_000);
    expect((await call).text).toBe('Hello');
    expect(flaky.calls).toBe(3);
    const bad = failing(9, refused);
    await expect(resilient(bad)('Hi', run)).rejects.toBe(refused);
    expect(bad.calls).toBe(1);
  });

  it('Q05 ends each try that hangs, and goes on to the fallback when all have', async () => {
    const { run, clock } = testRun();
    let hung = 0;
    const hanging = async (_: string, inner: Run): Promise<string> => {
      hung += 1;
      await sleep(Infinity, inner);
      return 'never';
    };
    const ask = resilient(hanging, {
      timeout: { totalMs: 1_000 },
      retry: { maxAttempts: 2, initialDelayMs: 0 },
      fallbacks: [() => 'plan B'],
    });
    const call = ask('Hi', run);
    await clock.advance(2_000);
    expect([await call, hung, clock.pending]).toEqual(['plan B', 2, 0]);
  });

  it('goes on to the fallback at once while the circuit is open', async () => {
    const { run, events } = testRun();
    const down = failing(99);
    const ask = resilient(down, {
      retry: { maxAttempts: 2, initialDelayMs: 0 },
      circuitBreaker: { maxFailures: 2 },
      fallbacks: [scripted(['B', 'C'], { id: 'other' })],
    });
    expect((await ask('Hi', run)).text).toBe('B');
    expect((await ask('Hi', run)).text).toBe('C');
    expect(down.calls).toBe(2);
    expect(events.filter(({ type }) => type === 'retry-wait')).toHaveLength(1);
  });

  it('Q20 holds all tries and fallbacks to one budget, and a hit to none', async () => {
    const pool = budgetPool({ maxCalls: 4 });
    const down = failing(99);
    const ask = resilient(down, {
      retry: { initialDelayMs: 0 },
      fallbacks: [scripted(['B', 'C'], { id: 'other' })],
      budget: { maxCalls: 4, pool },
      cache: {},
    });
    expect((await ask('Hi')).text).toBe('B');
    expect((await ask('Hi')).text).toBe('B');
    expect((await pool.taken()).calls).toBe(4);
    await expect(ask('Another')).rejects.toMatchObject({ code: 'budget-exceeded' });
  });

  it('gives every fallback a circuit of its own, in a store too', () => {
    const model = resilient(scripted([], { id: 'a' }), {
      circuitBreaker: { store: memoryStore(), name: 'a' },
      fallbacks: [scripted([], { id: 'b' })],
    });
    const names = inspect(model).children.map(({ children }) => children[0]?.details?.circuit);
    expect(names).toEqual(['a', 'b']);
  });

  it('can be explained', () => {
    const { maxModelCalls, maxTotalMs } = explain(resilient(scripted([]), { fallbacks: [scripted([])] }));
    expect([maxModelCalls, maxTotalMs]).toEqual([6, 2 * (3 * 120_000 + 2 * 60_000)]);
  });
});

import { getEventListeners } from 'node:events';
import fc from 'fast-check';
import { createRun, explain, PipewrightError, type Run } from 'pipewright';
import { scripted, type ScriptTurn, testRun } from 'pipewright/testing';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { chainOfThought } from './chain-of-thought.js';
import { selfConsistency, type SelfConsistencyOptions } from './self-consistency.js';
import type { Reasoned } from './types.js';
import { countVotes, isDecided } from './vote.js';

const stall = [{ type: 'stall' }] as const;
const lost = new PipewrightError('connection-lost', 'Lost.', { retryable: true });
const fails = [{ type: 'throw', error: lost }] as const;
const voting = (turns: readonly ScriptTurn[], options: SelfConsistencyOptions = {}) => {
  const model = scripted(turns);
  return { model, solve: selfConsistency(chainOfThought(model), { samples: turns.length, ...options }) };
};
const of = (answer: string, confidence?: number): Reasoned => ({
  answer,
  reasoning: '',
  foundBy: 'marker',
  ...(confidence === undefined ? {} : { confidence }),
  trace: [],
});

describe('self-consistency', () => {
  it('takes the answer that most samples come to, however they write it', async () => {
    const { solve } = voting(
      ['Answer: 41', 'One.\nAnswer: $1,250', 'The answer is 1250.00 dollars.', 'Answer: 7', '\\boxed{1250}'],
      {
        shouldStopEarly: false,
      },
    );
    const result = await solve('?');
    expect(result).toMatchObject({
      answer: '$1,250',
      reasoning: 'One.',
      confidence: 0.6,
      isTied: false,
      stopped: 'all',
    });
    expect(result.votes.map(({ answer, samples }) => [answer, samples])).toEqual([
      ['$1,250', [1, 2, 4]],
      ['41', [0]],
      ['7', [3]],
    ]);
    expect(result.samples.every(({ status }) => status === 'answered')).toBe(true);
    expect(result.trace).toHaveLength(6);
  });

  it('stops once no further sample can change who wins, and cancels what runs', async () => {
    const { solve, model } = voting(['Answer: 1', 'Answer: 1', 'Answer: 1', stall, stall]);
    const { run } = testRun();
    const result = await solve('?', run);
    expect(result).toMatchObject({ answer: '1', stopped: 'decided', confidence: 1 });
    expect(result.samples.map(({ status }) => status)).toEqual([
      'answered',
      'answered',
      'answered',
      'cancelled',
      'cancelled',
    ]);
    expect(model.requests).toHaveLength(5);
    await new Promise(setImmediate);
    expect(run.meter.held.calls).toBe(0);
  });

  it('never starts what is not needed when few run at once', async () => {
    const { solve, model } = voting(['Answer: 1', 'Answer: 2', 'Answer: 1', 'Answer: 1', stall], { concurrency: 1 });
    const result = await solve('?');
    expect(result.samples.map(({ status }) => status)).toEqual([...Array(4).fill('answered'), 'not-started']);
    expect(model.requests).toHaveLength(4);
  });

  it('takes at most as many at once as it may', async () => {
    let running = 0;
    let most = 0;
    const step = async (): Promise<Reasoned> => {
      most = Math.max(most, ++running);
      await new Promise(setImmediate);
      running--;
      return of(String(most));
    };
    await selfConsistency(step, { samples: 9, concurrency: 3, shouldStopEarly: false })('?');
    expect(most).toBe(3);
  });

  it('of equals the answer that was given first wins, whichever was ready first', async () => {
    const waits = [30, 10, 20, 5];
    for (const order of [waits, [...waits].reverse()]) {
      const { run, clock } = testRun();
      let call = 0;
      const step = async (_: string, inner: Run): Promise<Reasoned> => {
        const at = call++;
        await new Promise<void>((resolve) => inner.clock.after(order[at] ?? 0, resolve));
        return of(at % 2 === 0 ? 'even' : 'odd');
      };
      const pending = selfConsistency(step, { samples: 4 })('?', run);
      await clock.advance(100);
      expect(await pending).toMatchObject({ answer: 'even', isTied: true, confidence: 0.5 });
    }
  });

  it('a weight makes sure samples count more', async () => {
    const sure = [0.2, 0.3, 0.9];
    let call = 0;
    const step = (): Reasoned => of(call < 2 ? 'many' : 'sure', sure[call++]);
    const result = await selfConsistency(step, { samples: 3, weight: ({ confidence = 1 }) => confidence })('?');
    expect(result.answer).toBe('sure');
    expect(result.confidence).toBeCloseTo(0.9 / 1.4);
    const broken = selfConsistency(step, { samples: 2, weight: () => 2 });
    await expect(broken('?')).rejects.toMatchObject({ code: 'bad-option' });
  });

  it('typed answers are compared by their parts, or as the caller says', async () => {
    const texts = ['Answer: {"a": 1, "b": 2}', 'Answer: {"a": 3, "b": 2}', 'Answer: {"b": 2, "a": 1}'];
    const schema = z.object({ a: z.number(), b: z.number() });
    const result = await selfConsistency(chainOfThought(scripted(texts), { schema }), { samples: 3 })('?');
    expect(result.answer).toEqual({ a: 1, b: 2 });
    expect(result.votes[0]?.samples).toEqual([0, 2]);
    const byB = await selfConsistency(chainOfThought(scripted(texts), { schema }), {
      samples: 3,
      isSame: (x, y) => x.b === y.b,
      shouldStopEarly: false,
    })('?');
    expect(byB.votes).toHaveLength(1);
  });

  it('shows the winner alone, at the end', async () => {
    const { run, events } = testRun();
    await voting(['Lost.\nAnswer: 2', 'Won.\nAnswer: 1', 'Too.\nAnswer: 1']).solve('?', run);
    const deltas = events.filter(({ type }) => type === 'text-delta' || type === 'reasoning-delta');
    expect(deltas).toMatchObject([{ text: 'Won.' }, { text: '1' }]);
    expect(events.filter(({ type }) => type === 'progress')).toHaveLength(3);
  });
});

describe('samples that fail', () => {
  it('are no votes, as long as there is a quorum', async () => {
    const result = await voting([fails, 'Answer: 1', 'no', 'Answer: 1', fails], { kind: 'number' }).solve('?');
    expect(result.answer).toBe('1');
    expect(result.samples.map(({ status }) => status).filter((status) => status === 'failed')).toHaveLength(2);
  });

  it('fail the call when too few answer, at once', async () => {
    const { solve, model } = voting([fails, fails, 'Answer: 1', fails, stall], { concurrency: 1 });
    await expect(solve('?')).rejects.toMatchObject({ code: 'model-failed', retryable: true, cause: lost });
    expect(model.requests).toHaveLength(4);
    await expect(voting([fails, fails]).solve('?')).rejects.toBe(lost);
    const thrower = (): Reasoned => {
      throw lost;
    };
    await expect(selfConsistency(thrower)('?')).rejects.toBe(lost);
  });

  it('options that make no sense are refused', () => {
    const bad = expect.objectContaining({ code: 'bad-option' });
    for (const options of [{ samples: 0 }, { concurrency: 0 }, { quorum: 0 }, { samples: 3, quorum: 4 }]) {
      expect(() => selfConsistency(() => of('1'), options)).toThrow(bad);
    }
  });
});

describe('limits', () => {
  it('when the budget refuses a sample, those that are there vote if they are a quorum', async () => {
    const turns = ['Answer: 1', 'Answer: 2', 'Answer: 2', 'Answer: 2', 'Answer: 2'];
    const within = await voting(turns, { concurrency: 1 }).solve('?', testRun({ budget: { maxCalls: 3 } }).run);
    expect(within).toMatchObject({ answer: '2', stopped: 'budget' });
    expect(within.samples.map(({ status }) => status)).toEqual([
      'answered',
      'answered',
      'answered',
      'failed',
      'not-started',
    ]);
    const below = voting(turns, { concurrency: 1 }).solve('?', testRun({ budget: { maxCalls: 2 } }).run);
    await expect(below).rejects.toMatchObject({ code: 'budget-exceeded' });
  });

  it('Q20 a hundred samples at once on a budget for ten: ten are admitted', async () => {
    const { run } = testRun({ budget: { maxCalls: 10 } });
    const model = scripted(['Answer: 1'], { shouldRepeat: true });
    const solve = selfConsistency(chainOfThought(model), { samples: 100, concurrency: 100, quorum: 10 });
    expect(await solve('?', run)).toMatchObject({ answer: '1', stopped: 'budget' });
    expect(model.requests).toHaveLength(10);
    expect(run.meter.spent.calls).toBe(10);
  });

  it('explain states as many calls as samples', () => {
    const { maxModelCalls, text } = explain(voting(['', '', '']).solve);
    expect(maxModelCalls).toBe(3);
    expect(text).toContain('3 times');
  });

  it('Q18 the usage of all samples, cancelled ones too, is the total of the run', async () => {
    const { run, events } = testRun();
    const cut = [{ type: 'text-delta', text: 'So far' }, { type: 'stall' }] as const;
    await voting(['Answer: 1', cut, 'Answer: 1', 'Answer: 1', cut]).solve('?', run);
    await new Promise(setImmediate);
    const usages = events.flatMap((event) => (event.type === 'usage' ? [event.usage] : []));
    expect(usages).toHaveLength(5);
    expect(usages.filter(({ isEstimated }) => isEstimated === true)).toHaveLength(2);
    expect(usages.reduce((sum, { outputTokens }) => sum + outputTokens, 0)).toBe(run.meter.spent.usage.outputTokens);
  });

  it('Q02 an abort rejects with its reason, and no further sample starts', async () => {
    const { run, abort } = testRun();
    const { solve, model } = voting([stall, stall, stall, 'Answer: 1'], { concurrency: 2 });
    const pending = solve('?', run);
    const reason = new Error('enough');
    setImmediate(() => abort(reason));
    await expect(pending).rejects.toBe(reason);
    await new Promise(setImmediate);
    expect(model.requests).toHaveLength(2);
  });

  it('a step that is deaf to its signal holds up neither the vote nor an abort', async () => {
    let call = 0;
    const deaf = (): Promise<Reasoned> => (call++ < 2 ? Promise.resolve(of('1')) : new Promise(() => undefined));
    expect((await selfConsistency(deaf, { samples: 3 })('?')).answer).toBe('1');
    const control = new AbortController();
    const pending = selfConsistency(() => new Promise<Reasoned>(() => undefined))(
      '?',
      createRun({ signal: control.signal }),
    );
    control.abort(new Error('enough'));
    await expect(pending).rejects.toThrow('enough');
  });

  it('Q01 a hundred votes on one signal leave no listener', async () => {
    const control = new AbortController();
    const model = scripted(['Answer: 1', 'Answer: 1', stall], { shouldRepeat: true });
    const many = selfConsistency(chainOfThought(model), { samples: 3 });
    for (let call = 0; call < 100; call++) await many('?', createRun({ signal: control.signal }));
    await new Promise(setImmediate);
    expect(getEventListeners(control.signal, 'abort')).toHaveLength(0);
  });
});

describe('the count', () => {
  const isSame = (a: string, b: string): boolean => a === b;
  const ballots = fc.array(
    fc.record({ answer: fc.constantFrom('a', 'b', 'c'), weight: fc.double({ min: 0, max: 1, noNaN: true }) }),
    {
      maxLength: 9,
    },
  );

  it('does not depend on the order in which ballots come, and loses no weight', () => {
    fc.assert(
      fc.property(ballots, (cast) => {
        const numbered = cast.map((ballot, sample) => ({ ...ballot, sample }));
        const votes = countVotes(numbered, isSame);
        expect(countVotes([...numbered].reverse(), isSame)).toEqual(votes);
        const sum = (all: readonly { readonly weight: number }[]) =>
          all.reduce((total, { weight }) => total + weight, 0);
        expect(sum(votes)).toBeCloseTo(sum(cast));
      }),
    );
  });

  it('what is decided stays so, whatever the rest says', () => {
    fc.assert(
      fc.property(ballots, ballots, (cast, rest) => {
        const numbered = [...cast, ...rest].map((ballot, sample) => ({ ...ballot, sample }));
        const before = countVotes(numbered.slice(0, cast.length), isSame);
        if (!isDecided(before, rest.length)) return;
        expect(countVotes(numbered, isSame)[0]?.answer).toBe(before[0]?.answer);
      }),
      { numRuns: 2_000 },
    );
  });
});

import { explain, partsOf } from 'pipewright';
import { scripted, testRun } from 'pipewright/testing';
import { describe, expect, it } from 'vitest';
import { chainOfThought } from './chain-of-thought.js';
import { verifiedChainOfThought } from './verified-chain-of-thought.js';

const fails = [{ type: 'throw', error: new Error('lost') }] as const;

describe('verified chain of thought', () => {
  it('two routes that agree cost two calls', async () => {
    const model = scripted(['Multiply.\nAnswer: 42', 'Add seven times.\nAnswer: 42.0 eggs']);
    const result = await verifiedChainOfThought(model)('How many?');
    expect(result).toMatchObject({ answer: '42', verdict: 'agreed', reasoning: 'Multiply.' });
    expect(result.second?.answer).toBe('42.0 eggs');
    expect(result.settled).toBeUndefined();
    expect(model.requests).toHaveLength(2);
  });

  it('the second route does not see the first', async () => {
    const model = scripted(['SECRET\nAnswer: 42', 'Answer: 42']);
    await verifiedChainOfThought(model)('How many?');
    expect(JSON.stringify(model.requests[1])).not.toContain('SECRET');
    expect(JSON.stringify(model.requests[1])).toContain('take another one');
  });

  it.each([
    ['confirmed', 'Answer: 42', '42'],
    ['corrected', 'Answer: 41', '41'],
    ['corrected', 'Answer: 43', '43'],
  ] as const)('a third look: %s by %s', async (verdict, third, answer) => {
    const model = scripted(['One way.\nAnswer: 42', 'Other way.\nAnswer: 41', third]);
    const result = await verifiedChainOfThought(model)('How many?');
    expect(result).toMatchObject({ verdict, answer, first: { answer: '42' }, second: { answer: '41' } });
    expect(result.trace.map(({ action }) => action)).toEqual(['solve', 'check', 'settle']);
    const sources = partsOf(model.requests[2]?.messages.at(-1) ?? { role: 'user', content: '' });
    expect(sources.filter(({ type }) => type === 'source')).toHaveLength(2);
    expect(sources.at(-1)).toEqual({ type: 'text', text: 'How many?' });
  });

  it('a route that fails leaves the answer of the other, unchecked', async () => {
    const { run, events } = testRun();
    expect(await verifiedChainOfThought(scripted(['Answer: 1', fails]))('?', run)).toMatchObject({
      answer: '1',
      verdict: 'unchecked',
    });
    expect(events.filter(({ type }) => type === 'warning')).toHaveLength(1);
    expect(await verifiedChainOfThought(scripted([fails, 'Answer: 2']))('?')).toMatchObject({
      answer: '2',
      verdict: 'unchecked',
    });
    await expect(verifiedChainOfThought(scripted([fails, fails]))('?')).rejects.toThrow('lost');
  });

  it('a budget that is used up before the third look leaves the first answer, unsettled', async () => {
    const { run } = testRun({ budget: { maxCalls: 2 } });
    const result = await verifiedChainOfThought(scripted(['Answer: 1', 'Answer: 2', 'Answer: 2']))('?', run);
    expect(result).toMatchObject({ answer: '1', verdict: 'unsettled' });
    expect(result.trace.at(-1)).toMatchObject({ action: 'stop', detail: expect.stringContaining('budget') });
    expect(run.meter.spent.calls).toBe(2);
  });

  it('another step may check, with a comparison of its own', async () => {
    const check = chainOfThought(scripted(['Answer: 100']));
    const near = (a: string, b: string): boolean => Math.abs(Number(a) - Number(b)) < 5;
    const result = await verifiedChainOfThought(scripted(['Answer: 102']), { check, isSame: near })('?');
    expect(result.verdict).toBe('agreed');
  });

  it('one route is shown as reasoning, and one answer as text', async () => {
    const { run, events } = testRun();
    const model = scripted(['One way.\nAnswer: 1', 'Other way.\nAnswer: 2', 'Third.\nAnswer: 2']);
    await verifiedChainOfThought(model)('?', run);
    const shown = (type: 'text-delta' | 'reasoning-delta'): string =>
      events.map((event) => (event.type === type ? event.text : '')).join('');
    expect(shown('text-delta')).toBe('2');
    expect(shown('reasoning-delta')).toContain('One way.');
    expect(shown('reasoning-delta')).toContain('Third.');
    expect(shown('reasoning-delta')).not.toContain('Other way.');
  });

  it('explain states three calls', () => {
    expect(explain(verifiedChainOfThought(scripted([]))).maxModelCalls).toBe(3);
  });

  it('Q10 an abort ends both routes with its reason', async () => {
    const { run, abort } = testRun();
    const model = scripted([[{ type: 'stall' }], [{ type: 'stall' }]]);
    const pending = verifiedChainOfThought(model)('?', run);
    const reason = new Error('enough');
    setImmediate(() => abort(reason));
    await expect(pending).rejects.toBe(reason);
    expect(run.meter.held.calls).toBe(0);
  });
});

import { createRun, onAbort } from 'pipewright';
import { classify, extract, mapSettled, recordSchema, summarize, tag, translate } from 'pipewright/task';
import { scripted, testRun } from 'pipewright/testing';
import { describe, expect, it } from 'vitest';

const plain = { features: { logProbs: false }, shouldRepeat: true };

describe('tasks over lists', () => {
  it('Q01 a thousand items on one signal leave no listener behind and raise no warning', async () => {
    const control = new AbortController();
    const added: string[] = [];
    const { addEventListener, removeEventListener } = control.signal;
    control.signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
      added.push('+');
      addEventListener.apply(control.signal, args);
    };
    control.signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
      added.pop();
      removeEventListener.apply(control.signal, args);
    };
    const warnings: Error[] = [];
    const hear = (warning: Error): number => warnings.push(warning);
    process.on('warning', hear);
    const sort = classify(scripted(['{"label": "a", "confidence": 1}'], plain), ['a', 'b']);
    const run = createRun({ signal: control.signal });
    const results = await mapSettled(sort, { concurrency: 50 })(
      Array.from({ length: 1_000 }, () => 'text'),
      run,
    );
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', hear);
    expect(results.every(({ isDone }) => isDone)).toBe(true);
    expect(added).toEqual([]);
    expect(warnings).toEqual([]);
    // The count above sees what it is to see.
    onAbort(control.signal, () => undefined);
    expect(added).toEqual(['+']);
  });

  it('Q18 what the items spend is what the run has spent', async () => {
    const { run, events } = testRun();
    const model = scripted(['{"labels": []}'], plain);
    await mapSettled(tag(model, ['a', 'b']))(['x', 'y', 'z'], run);
    const told = events.flatMap((event) => (event.type === 'usage' ? [event.usage.outputTokens] : []));
    expect(told).toHaveLength(3);
    expect(run.meter.spent.usage.outputTokens).toBe(told.reduce((sum, tokens) => sum + tokens, 0));
  });

  it('Q20 on a budget for ten calls a hundred items make ten', async () => {
    const model = scripted(['{"label": "a", "confidence": 1}'], plain);
    const run = createRun({ budget: { maxCalls: 10 } });
    const results = await mapSettled(classify(model, ['a', 'b']), { concurrency: 100 })(
      Array.from({ length: 100 }, () => 'text'),
      run,
    );
    expect(results.filter(({ isDone }) => isDone)).toHaveLength(10);
    expect(model.requests).toHaveLength(10);
  });
});

describe('tasks that fail', () => {
  const failing = () => scripted([[{ type: 'throw', error: new Error('down') }]], { shouldRepeat: true });
  const tasks = {
    classify: classify(failing(), ['a', 'b']),
    agreement: classify(failing(), ['a', 'b'], { confidence: 'agreement' }),
    tag: tag(failing(), ['a', 'b']),
    extract: extract(failing(), recordSchema({ a: 'text' })),
    summarize: summarize(failing(), { windowTokens: 700 }),
    translate: translate(failing(), { to: 'German', windowTokens: 400 }),
  };

  it.each(Object.entries(tasks))('Q10 %s rejects once and leaves no rejection unhandled', async (_, task) => {
    const unhandled: unknown[] = [];
    const hear = (reason: unknown): number => unhandled.push(reason);
    process.on('unhandledRejection', hear);
    await expect(task('One sentence after another. '.repeat(200))).rejects.toThrow('down');
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', hear);
    expect(unhandled).toEqual([]);
  });

  it.each(Object.entries(tasks))('Q02 %s that is aborted before it starts calls no model', async (_, task) => {
    const reason = new Error('enough');
    await expect(task('Text.', createRun({ signal: AbortSignal.abort(reason) }))).rejects.toBe(reason);
  });
});

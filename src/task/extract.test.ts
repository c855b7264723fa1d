import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { explain } from '../core/index.js';
import { tokenCounter } from '../model/index.js';
import { type ScriptTurn, scripted, testRun } from '../testing/index.js';
import { extract } from './index.js';
import { findQuote, saysLiterally } from './quotes.js';

const invoice = z.object({
  number: z.string(),
  total: z.number(),
  due: z.string().optional(),
  items: z.array(z.object({ name: z.string(), eur: z.number() })).optional(),
});

const text = 'Invoice A-17. Ham 3.50 €, eggs 2 €.\nTotal: 5.50 euros, thank “you”.';
const answered = (fields: unknown, ...others: unknown[]) =>
  scripted([fields, ...others].map((each) => JSON.stringify(each)));

describe('findQuote', () => {
  it.each<[string, string | undefined]>([
    ['Ham 3.50 €', 'Ham 3.50 €'],
    ['eggs 2 €. Total: 5.50', 'eggs 2 €.\nTotal: 5.50'],
    ['thank "you"', 'thank “you”'],
    ['INVOICE a-17', 'Invoice A-17'],
    ['…Total: 5.50 euros...', 'Total: 5.50 euros'],
    ['Total: 6.50', undefined],
    ['', undefined],
  ])('finds %s as it stands', (quote, found) => {
    expect(findQuote(text, quote)?.quote).toBe(found);
  });

  it('always gives a stretch of the text', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), fc.string({ maxLength: 6 }), (whole, quote) => {
        const span = findQuote(whole, quote);
        if (span !== undefined) expect(whole.slice(span.start, span.end)).toBe(span.quote);
        if (quote.trim() !== '' && whole.includes(quote.trim()) && !/\.{3}|…/u.test(quote)) expect(span).toBeDefined();
      }),
    );
  });
});

describe('saysLiterally', () => {
  it.each<[string, unknown, boolean]>([
    ['Total: 1,250.50 €', 1250.5, true],
    ['Summe: 1.250,50 €', 1250.5, true],
    ['Total: 1250', 125, false],
    ['in Bonn, Germany', 'bonn', true],
    ['in Bonner Straße', 'Bonn', false],
    ['3 May 2019', '2019-05-03', false],
    ['true', true, false],
  ])('%s says %s: %s', (quote, value, isSaid) => {
    expect(saysLiterally(quote, value)).toBe(isSaid);
  });
});

describe('extract', () => {
  it('gives values with the place of the words that say them', async () => {
    const model = answered({
      number: { value: 'A-17', quote: 'Invoice A-17' },
      total: { value: 5.5, quote: 'Total: 5.50 euros' },
      items: [
        { value: { name: 'Ham', eur: 3.5 }, quote: 'Ham 3.50 €' },
        { value: { name: 'eggs', eur: 2 }, quote: 'eggs 2 €' },
      ],
    });
    const result = await extract(model, invoice)(text);
    expect(result.value).toEqual({
      number: 'A-17',
      total: 5.5,
      items: [
        { name: 'Ham', eur: 3.5 },
        { name: 'eggs', eur: 2 },
      ],
    });
    expect(result).toMatchObject({ missing: ['due'], conflicts: [], invented: [], issues: [] });
    for (const { evidence } of Object.values(result.found).flat()) {
      expect(text.slice(evidence?.start, evidence?.end)).toBe(evidence?.quote);
    }
    expect(result.found.total?.[0]?.isLiteral).toBe(true);
  });

  it('keeps items that are the same, as often as the text has them', async () => {
    const twice = { value: { name: 'Ham', eur: 3 }, quote: 'Ham 3 €' };
    const model = answered({ items: [twice, twice, twice] });
    const result = await extract(model, invoice)('Ham 3 €, Ham 3 €');
    expect(result.found.items?.map(({ evidence }) => evidence?.start)).toEqual([0, 9]);
  });

  it('leaves out what the model made up, and says so', async () => {
    const fields = { number: { value: 'A-17', quote: 'Invoice A-17' }, total: { value: 9, quote: 'Total: 9 euros' } };
    const dropped = await extract(answered(fields), invoice)(text);
    expect(dropped.value).toBeUndefined();
    expect(dropped).toMatchObject({ missing: ['total', 'due', 'items'], invented: [{ field: 'total', value: 9 }] });
    expect(dropped.issues.join()).toContain('total');
    const kept = await extract(answered(fields), invoice, { onInvented: 'keep' })(text);
    expect(kept.value).toEqual({ number: 'A-17', total: 9 });
    expect(kept.found.total).toEqual([{ value: 9, isLiteral: false }]);
  });

  it('shows the model a value of the wrong kind, and asks for nothing that is merely missing', async () => {
    const model = answered(
      { total: { value: 'five', quote: 'Total: 5.50 euros' } },
      { total: { value: 5.5, quote: 'Total: 5.50 euros' } },
    );
    const result = await extract(model, invoice)(text);
    expect(result.found.total?.[0]?.value).toBe(5.5);
    expect(model.requests).toHaveLength(2);
    expect(result.issues.join()).toContain('number');
  });

  it('takes nothing for an answer', async () => {
    const result = await extract(answered({ number: null }), invoice)('Hello.');
    expect(result.missing).toEqual(['number', 'total', 'due', 'items']);
    expect(result.value).toBeUndefined();
  });

  it('is safe with fields of any name', async () => {
    const result = await extract(
      scripted(['{"__proto__": {"value": 1, "quote": "1"}, "a": {"value": 1, "quote": "1"}}']),
      z.object({ a: z.number() }),
    )('1');
    expect(result.value).toEqual({ a: 1 });
    expect(({} as Record<string, unknown>).value).toBeUndefined();
  });

  it('refuses a schema without fields', () => {
    expect(() => extract(scripted([]), z.array(z.string()))).toThrow('object with properties');
  });
});

describe('extract from a long text', () => {
  const lines = Array.from({ length: 40 }, (_, at) => `Order ${at} was placed by customer number ${at * 3}.`);
  const long = lines.join(' ');
  const orders = z.object({ orders: z.array(z.number()), first: z.number().optional() });
  /** Reads every order in the source it is given. */
  const clerk: ScriptTurn = ({ messages }) => {
    const source = messages
      .flatMap(({ content }) => (typeof content === 'string' ? [] : content))
      .find(({ type }) => type === 'source');
    const read = source?.type === 'source' ? [...source.text.matchAll(/Order (\d+) was/gu)] : [];
    return JSON.stringify({
      orders: read.map(([quote, order]) => ({ value: Number(order), quote })),
      ...(read[0] === undefined ? {} : { first: { value: Number(read[0][1]), quote: read[0][0] } }),
    });
  };
  const reader = () => scripted([clerk], { id: 'gpt-4o', shouldRepeat: true, limits: { contextTokens: 600 } });

  it('loses no value and doubles none, whatever the windows', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 420, max: 1_500 }),
        fc.integer({ min: 0, max: 60 }),
        async (windowTokens, overlapTokens) => {
          const model = reader();
          const result = await extract(model, orders, { windowTokens, overlapTokens, replyTokens: 100 })(long);
          expect(result.found.orders?.map(({ value }) => value)).toEqual(lines.map((_, at) => at));
          for (const { value, evidence } of result.found.orders ?? []) {
            expect(long.slice(evidence?.start, evidence?.end)).toBe(`Order ${value} was`);
          }
          for (const request of model.requests) {
            const { tokens } = await tokenCounter('gpt-4o').countRequest(request);
            expect(tokens + 100).toBeLessThanOrEqual(windowTokens);
          }
        },
      ),
      { numRuns: 15 },
    );
  });

  it('takes the first of several values, and names the conflict', async () => {
    const result = await extract(reader(), orders)(long);
    expect(result.value?.first).toBe(0);
    expect(result.conflicts).toEqual(['first']);
  });

  it('tells its progress, its cost, and stops when there are too many windows', async () => {
    const { run, events } = testRun();
    await extract(reader(), orders)(long, run);
    const progress = events.filter(({ type }) => type === 'progress');
    expect(progress.length).toBeGreaterThan(1);
    expect(progress.at(-1)).toMatchObject({ done: progress.length, total: progress.length });
    expect(explain(extract(reader(), orders, { maxWindows: 5 })).maxModelCalls).toBe(10);
    await expect(extract(reader(), orders, { maxWindows: 1 })(long)).rejects.toMatchObject({
      code: 'context-too-long',
    });
  });
});

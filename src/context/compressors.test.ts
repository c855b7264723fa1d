import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TextCompressor } from './index.js';
import { extractiveCompressor, selectingCompressor, summaryCompressor } from './index.js';
import { explain } from '../core/index.js';
import { tokenCounter } from '../model/index.js';
import { bm25 } from '../keyword/index.js';
import { compress } from '../retrieve/index.js';
import { scripted, testRun } from '../testing/index.js';

const { count } = tokenCounter('gpt-5');
const tokensOf = async (text: string): Promise<number> => (await count(text)).tokens;

const article = [
  'Refunds are paid within ten days of the return.',
  'Our shop was founded in 1987 by two sisters.',
  'Refunds for damaged goods are paid at once.',
  'The garden behind the shop has roses.',
  'To ask for a refund, send the number of the order.',
  'Refunds are paid within ten days of the return, always.',
  'In winter the shop closes early.',
].join(' ');

/** Whether every stretch stands in the text letter by letter, in order, and nothing else was kept. */
const isFaithful = (text: string, made: Awaited<ReturnType<TextCompressor>>): boolean => {
  const { ranges = [] } = made;
  const isApart = ranges.every(
    ({ start, end }, at) => start < end && end <= text.length && start >= (ranges[at - 1]?.end ?? 0),
  );
  const pieces = ranges.map(({ start, end }) => text.slice(start, end));
  return isApart && made.text.replace(/\s/gu, '') === pieces.join('').replace(/\s/gu, '');
};

describe('extractiveCompressor', () => {
  const compressor = extractiveCompressor();

  it('keeps the sentences that belong to the query, in their order and at their places', async () => {
    const made = await compressor({ text: article, query: 'How do I ask for a refund?', maxTokens: 24 });
    expect(made.text).toBe(
      'Refunds are paid within ten days of the return. To ask for a refund, send the number of the order.',
    );
    expect(made.ranges?.map(({ start, end }) => article.slice(start, end)).join(' ')).toBe(made.text);
  });

  it('keeps without a query what the text is about, and says nothing twice', async () => {
    const { text } = await compressor({ text: article, maxTokens: 35 });
    expect(text).toContain('Refunds are paid within ten days of the return.');
    expect(text).not.toContain('always');
    expect(text).not.toContain('roses');
  });

  it('leaves a text alone that fits, and keeps the beginning of the best sentence where none fits', async () => {
    expect(await compressor({ text: 'Tea.', maxTokens: 9 })).toEqual({
      text: 'Tea.',
      tokens: 2,
      ranges: [{ start: 0, end: 4 }],
    });
    const made = await compressor({ text: article, query: 'roses', maxTokens: 4 });
    expect(made.text).toBe('The garden behind the');
    expect(isFaithful(article, made)).toBe(true);
    expect(await compressor({ text: article, maxTokens: 0 })).toEqual({ text: '', tokens: 0, ranges: [] });
  });

  it('refuses what makes no sense', async () => {
    expect(() => extractiveCompressor({ queryRatio: 2 })).toThrow(/queryRatio/);
    await expect(compressor({ text: 'a', maxTokens: -1 })).rejects.toMatchObject({ code: 'bad-option' });
  });

  it('fits a step that compresses hits: each stretch is cited at its place in the document', async () => {
    const index = await bm25();
    await index.add([{ id: 'shop', text: article }]);
    const narrow = compress(
      index.retriever({ k: 3 }),
      async ({ query, text }, run) => (await compressor({ query, text, maxTokens: 24 }, run)).ranges ?? [],
    );
    const hits = await narrow('refund order');
    expect(hits.length).toBeGreaterThan(1);
    for (const { text, place } of hits) expect(article.slice(place?.start, place?.end)).toBe(text);
  });

  it('never breaks the offsets of what it keeps, and never exceeds its room', async () => {
    const sentence = fc.constantFrom(
      'Tea is hot. ',
      'Rain falls!\n\n',
      'Is it 12.5? ',
      '- item\n',
      '漢字です。',
      'x',
      '😀 ',
      '  ',
      '`a`\n',
      "don't ",
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(sentence, { maxLength: 20 }),
        fc.nat(40),
        fc.constantFrom('', 'tea', '12.5 rain'),
        async (sentences, maxTokens, query) => {
          const text = sentences.join('');
          const made = await compressor({ text, maxTokens, query });
          return made.tokens <= maxTokens && made.tokens === (await tokensOf(made.text)) && isFaithful(text, made);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('gives the event loop its turns while it reads a long text', async () => {
    const text = Array.from(
      { length: 6_000 },
      (_, at) => `Fact ${at} says that ${at * 7} is more than ${at % 91}.`,
    ).join(' ');
    let turns = 0;
    let isDone = false;
    const tick = (): void => {
      turns += 1;
      if (!isDone) setImmediate(tick);
    };
    setImmediate(tick);
    const made = await compressor({ text, maxTokens: 2_000 });
    isDone = true;
    expect(made.tokens).toBeGreaterThan(1_900);
    expect(turns).toBeGreaterThan(3);
  });
});

describe('summaryCompressor', () => {
  const says = (text: string): string => JSON.stringify({ text });

  it('has a model write it shorter, and reads for the query', async () => {
    const model = scripted([says('Refunds take ten days.')]);
    const made = await summaryCompressor(model)({ text: article, maxTokens: 20, query: 'refunds' });
    expect(made).toEqual({ text: 'Refunds take ten days.', tokens: 6 });
    expect(JSON.stringify(model.requests[0])).toContain('belongs to: refunds');
  });

  it('asks once more when a summary is too long, and then takes sentences', async () => {
    const long = says(article);
    const model = scripted([long, says('Ten days.')]);
    expect((await summaryCompressor(model)({ text: article, maxTokens: 20 })).text).toBe('Ten days.');
    const stubborn = scripted([long, long]);
    const made = await summaryCompressor(stubborn)({ text: article, maxTokens: 20 });
    expect(made.tokens).toBeLessThanOrEqual(20);
    expect(isFaithful(article, made)).toBe(true);
    const asked = stubborn.requests.map((call) => Number(/At most (\d+) words/u.exec(JSON.stringify(call))?.[1]));
    expect(asked[0]).toBe(14);
    expect(asked[1]).toBeLessThan(14);
  });

  it('asks nobody about a text that fits, and says in advance how often it may ask', async () => {
    const model = scripted([]);
    expect((await summaryCompressor(model)({ text: 'Tea.', maxTokens: 20 })).text).toBe('Tea.');
    expect(explain(summaryCompressor(model)).maxModelCalls).toBe(4);
    expect(explain(selectingCompressor(model)).maxModelCalls).toBe(2);
  });

  it('shows nothing of the summary to who watches the text', async () => {
    const { run, events } = testRun();
    await summaryCompressor(scripted([says('Ten days.')]))({ text: article, maxTokens: 20 }, run);
    expect(events.some(({ type }) => type === 'text-delta')).toBe(false);
  });
});

describe('selectingCompressor', () => {
  it('keeps the sentences that a model names, most important first, as many as fit', async () => {
    const model = scripted([JSON.stringify({ sentences: [5, 99, 1, 5, 2] })]);
    const made = await selectingCompressor(model)({ text: article, maxTokens: 26, query: 'refund' });
    expect(made.text).toBe(
      'Refunds are paid within ten days of the return. To ask for a refund, send the number of the order.',
    );
    expect(isFaithful(article, made)).toBe(true);
  });

  it('takes sentences by words where the model names none that fits', async () => {
    const made = await selectingCompressor(scripted([JSON.stringify({ sentences: [] })]))({
      text: article,
      maxTokens: 20,
    });
    expect(made.text.length).toBeGreaterThan(0);
    expect(made.tokens).toBeLessThanOrEqual(20);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Hit, partsOf, type Retriever, stream } from '../core/index.js';
import { estimateTokens } from '../model/index.js';
import { extractive } from '../provider/extractive/index.js';
import { scripted } from '../testing/index.js';
import { answer } from './index.js';

const finds =
  (hits: readonly Hit[]): Retriever =>
  async () =>
    hits;

describe('answer with more passages than fit into one request', () => {
  const report = (id: string, fact: string): Hit => ({
    id,
    score: 1,
    source: `${id}.md`,
    text: `${fact} ${`Report ${id} goes on about the weather of ${id} and the harvest of ${id}. `.repeat(4)}`.trim(),
    place: { parentId: id, start: 0, startLine: 1, endLine: 1 },
  });
  const reports = [
    report('north', 'The northern mine closed in 1962.'),
    report('south', 'The southern mine closed in 1971.'),
    report('east', 'The eastern mine closed in 1980.'),
  ];
  const question = 'When did the mines close: northern, southern, eastern?';
  /** Repeats the first sentence of each of its sources that speaks of a mine, with its mark. */
  const reader = () =>
    scripted(
      [
        ({ messages }) =>
          partsOf(messages.at(-1)!)
            .filter((part) => part.type === 'source')
            .map(({ text }, i) => `${text.split('. ')[0]!.replace(/\.$/, '')} [${i + 1}].`)
            .join(' '),
      ],
      { shouldRepeat: true },
    );
  const tokens = 110;

  it.each(['map-reduce', 'refine'] as const)(
    '%s reads them all, and cites the places in the documents',
    async (combine) => {
      const model = reader();
      const watched = stream(answer(finds(reports), model, { maxSourceTokens: tokens, combine }), question);
      let text = '';
      for await (const delta of watched.text) text += delta;
      const result = await watched.result;
      expect(model.requests.length).toBeGreaterThan(2);
      expect(text).toBe(result.text);
      expect(result.citations.map(({ verdict, evidence }) => [verdict, evidence?.label])).toEqual([
        ['verbatim', 'north.md:1'],
        ['verbatim', 'south.md:1'],
        ['verbatim', 'east.md:1'],
      ]);
      for (const { evidence } of result.citations) {
        const { parentId, start, end } = evidence!.place;
        expect(reports.find(({ id }) => id === parentId)!.text.slice(start, end)).toBe(evidence!.quote);
      }
      for (const { messages } of model.requests) {
        const sources = partsOf(messages.at(-1)!).filter((part) => part.type === 'source');
        expect(sources.reduce((sum, { text: own }) => sum + estimateTokens(own), 0)).toBeLessThanOrEqual(tokens);
      }
    },
  );

  it('stuff leaves out what does not fit', async () => {
    const result = await answer(finds(reports), reader(), { maxSourceTokens: tokens })(question);
    expect(result.citations.map(({ sourceId }) => sourceId)).toEqual(['north']);
    expect(result.leftOut.map(({ hit }) => hit.id)).toEqual(['south', 'east']);
  });

  it.each(['map-reduce', 'refine'] as const)(
    '%s works with the embedded model, and abstains where no part answers',
    async (combine) => {
      const ask = answer(finds(reports), extractive(), { maxSourceTokens: tokens, combine });
      const result = await ask('When did the eastern mine close?');
      expect(result.citations[0]?.evidence?.quote).toBe('The eastern mine closed in 1980.');
      expect((await ask('Who invented the telephone?')).isAnswered).toBe(false);
    },
  );

  it.each(['map-reduce', 'refine'] as const)(
    '%s reads every passage or reports it, within the budget',
    async (combine) => {
      const size = fc.integer({ min: 0, max: 30 });
      await fc.assert(
        fc.asyncProperty(
          fc.array(size, { minLength: 1, maxLength: 8 }),
          fc.integer({ min: 60, max: 300 }),
          async (sizes, maxSourceTokens) => {
            const hits = sizes.map((count, i) =>
              report(`r${i}`, `Fact ${i} holds. ${`And item ${i} weighs ${i} kg. `.repeat(count)}`),
            );
            const model = scripted(['Nothing found.'], { shouldRepeat: true });
            const outcome = answer(finds(hits), model, { maxSourceTokens, combine })('What holds?');
            const { leftOut } = await outcome.catch((error) => {
              expect(error).toMatchObject({ code: 'bad-option' });
              return { leftOut: hits.map((hit) => ({ hit })) };
            });
            const parts = model.requests.flatMap(({ messages }) => partsOf(messages.at(-1)!));
            const seen = new Set([
              ...parts.flatMap((part) => (part.type === 'source' ? [part.id] : [])),
              ...leftOut.map(({ hit }) => hit.id),
            ]);
            expect(seen).toEqual(new Set(hits.map(({ id }) => id)));
            for (const { messages } of model.requests) {
              const tokens = partsOf(messages.at(-1)!).map((part) =>
                part.type === 'source' ? estimateTokens(part.text) + estimateTokens(part.title ?? '') : 0,
              );
              expect(tokens.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(maxSourceTokens);
            }
          },
        ),
        { numRuns: 100 },
      );
    },
  );

  it('refuses an unknown way of reading', () => {
    expect(() => answer(finds([]), extractive(), { combine: 'constructor' as never })).toThrow(/`combine`/);
  });
});

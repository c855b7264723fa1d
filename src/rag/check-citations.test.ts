import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Hit } from '../core/index.js';
import type { ModelCitation } from '../model/index.js';
import { checkCitations, placeLabel, type Verdict } from './index.js';

const tesla: Hit = {
  id: 'tesla',
  score: 2,
  title: 'Nikola Tesla',
  source: 'tesla.md',
  text: [
    'Tesla gained experience in telephony before he emigrated to the United States in 1884.',
    'He worked for Thomas Edison in New York for six months.',
    '',
    'Tesla died on 7 January 1943, at the age of 86, alone in room 3327',
    'of the New Yorker Hotel.',
  ].join('\n'),
  place: { parentId: 'doc', start: 1_000, startLine: 120, endLine: 124, headings: ['Life'] },
};
const warsaw: Hit = {
  id: 'warsaw',
  score: 1,
  title: 'Warsaw',
  source: 'report.pdf',
  text: 'Warsaw is the capital of Poland. Its stock exchange was established in 1817 and re-established in April 1991. It is not on the sea.',
  place: { page: 3 },
};
const sources = [tesla, warsaw];

const check = (text: string, citations: readonly ModelCitation[] = []) => checkCitations({ text, citations }, sources);
const verdicts = async (text: string): Promise<readonly Verdict[]> =>
  (await check(text)).citations.map(({ verdict }) => verdict);

describe('checkCitations', () => {
  it('finds a claim that stands letter by letter, with its offsets, lines and a label', async () => {
    const { citations, uncited } = await check('He worked for Thomas Edison in New York for six months [1].');
    expect(uncited).toEqual([]);
    const { evidence, ...citation } = citations[0]!;
    expect(citation).toMatchObject({ number: 1, sourceId: 'tesla', verdict: 'verbatim', score: 1 });
    expect(evidence!.quote).toBe('He worked for Thomas Edison in New York for six months');
    expect(tesla.text.slice(evidence!.start, evidence!.end)).toBe(evidence!.quote);
    expect(evidence!.place).toMatchObject({
      start: 1_000 + evidence!.start,
      end: 1_000 + evidence!.end,
      startLine: 121,
      endLine: 121,
    });
    expect(evidence!.label).toBe('tesla.md:121');
  });

  it('looks past line breaks, and gives all lines of the quote', async () => {
    const { citations } = await check(
      'Tesla died on 7 January 1943, at the age of 86, alone in room 3327 of the New Yorker Hotel. [1]',
    );
    expect(citations[0]).toMatchObject({ verdict: 'verbatim', evidence: { label: 'tesla.md:123-124' } });
    expect(citations[0]?.evidence?.quote).toContain('3327\nof the');
  });

  it('supports a claim in other words and shows the place', async () => {
    const { citations } = await check('Nikola Tesla was 86 when he died in January 1943 [1].');
    expect(citations[0]).toMatchObject({ verdict: 'supported' });
    expect(citations[0]?.evidence?.quote).toContain('Tesla died on 7 January 1943');
  });

  it('says which source is right when another one is cited', async () => {
    const { citations } = await check('The stock exchange of Warsaw was established in 1817 [1].');
    expect(citations[0]).toMatchObject({ number: 1, sourceId: 'tesla', verdict: 'misattributed' });
    expect(citations[0]?.evidence).toMatchObject({ sourceId: 'warsaw', label: 'report.pdf p. 3' });
  });

  it('does not support a claim with a swapped number, a made-up quotation, a lost "not" or other matter', async () => {
    expect(await verdicts('Tesla died on 7 January 1953, at the age of 86 [1].')).toEqual(['absent']);
    expect(await verdicts('Tesla said "my best ideas came to me in New York alone" about his life [1].')).toEqual([
      'absent',
    ]);
    expect(await verdicts('Warsaw is on the sea [2].')).toEqual(['absent']);
    expect(await verdicts('Photosynthesis turns light into sugar in green plants [1].')).toEqual(['absent']);
  });

  it('does not support a number that no source has', async () => {
    const { citations } = await check('Tesla worked for Edison [7].');
    expect(citations[0]).toMatchObject({ number: 7, verdict: 'misattributed', evidence: { sourceId: 'tesla' } });
    const none = await check('Bees make honey from nectar [9].');
    expect(none.citations[0]).toMatchObject({ number: 9, verdict: 'absent' });
    expect(none.citations[0]).not.toHaveProperty('sourceId');
  });

  it('checks each part of a sentence against its own marks, and lists what cites nothing', async () => {
    const text =
      'Tesla died in 1943 [1], and Warsaw is the capital of Poland [2]. Bees are insects. See `list[1]` and [1](https://x.org).';
    const { citations, uncited } = await check(text);
    expect(citations.map(({ claim, number, verdict }) => [claim.text, number, verdict])).toEqual([
      ['Tesla died in 1943', 1, 'supported'],
      ['and Warsaw is the capital of Poland.', 2, 'supported'],
    ]);
    expect(uncited.map((claim) => claim.text)[0]).toBe('Bees are insects.');
    for (const { claim } of citations) expect(text.slice(claim.start, claim.end)).toContain(claim.text.slice(0, 10));
  });

  it('reads every usual form of mark', async () => {
    for (const mark of [
      '[1][2]',
      '[1, 2]',
      '[1]  [2]',
      '[1-2]',
      '【1】【2】',
      '[source 1] [2]',
      '[^1][^2]',
      '[sources 1, 2]',
    ]) {
      const { citations } = await check(`Warsaw is the capital of Poland ${mark}.`);
      expect(
        citations.map(({ number }) => number),
        mark,
      ).toEqual([1, 2]);
    }
  });

  it('tells a claim whose parts stand in two sources from one that a source makes, and shows the parts', async () => {
    const text =
      'Tesla emigrated to the United States in 1884, and the exchange of Warsaw was established in 1817 [1][2].';
    const { citations } = await check(text);
    expect(citations.map(({ verdict }) => verdict)).toEqual(['stitched', 'stitched']);
    const [first, second] = citations;
    expect(first?.evidence?.quote).toContain('1884');
    expect(second?.evidence?.quote).toContain('1817');
    expect(first?.parts?.map(({ sourceId }) => sourceId).sort()).toEqual(['tesla', 'warsaw']);
    for (const part of first?.parts ?? []) {
      const source = sources.find(({ id }) => id === part.sourceId);
      expect(source?.text.slice(part.start, part.end)).toBe(part.quote);
    }
    expect(first?.score).toBeGreaterThan(0.7);
  });

  it('tells a claim that joins places of one source that stand apart', async () => {
    const filler = 'Nothing of the kind was ever written down by anybody. '.repeat(4);
    const hit: Hit = {
      id: 'log',
      score: 1,
      text: `The northern pump was replaced in 2019. ${filler}Inspector Maria Keller found a cracked valve.`,
    };
    const text = 'Inspector Maria Keller replaced the northern pump in 2019 [1].';
    const { citations } = await checkCitations({ text, citations: [] }, [hit]);
    expect(citations[0]).toMatchObject({ verdict: 'stitched', parts: [{}, {}] });
  });

  it('does not stitch a number that no source has, nor a "not" to what has none', async () => {
    const text =
      'Tesla emigrated to the United States in 1884, and the exchange of Warsaw was established in 1999 [1][2].';
    expect(await verdicts(text)).toEqual(['absent', 'absent']);
    const denied =
      'Tesla never emigrated to the United States, and the exchange of Warsaw was never established [1][2].';
    expect(await verdicts(denied)).toEqual(['absent', 'absent']);
  });

  it('puts marks behind a full stop to the sentence before them', async () => {
    const { citations } = await check('Warsaw is the capital of Poland. [2] He worked for Thomas Edison. [1]');
    expect(citations.map(({ claim, number, verdict }) => [claim.text, number, verdict])).toEqual([
      ['Warsaw is the capital of Poland.', 2, 'verbatim'],
      ['He worked for Thomas Edison.', 1, 'verbatim'],
    ]);
  });

  it('checks native citations in the same form: true, made-up and contradicted ones', async () => {
    const text = 'Tesla was 86. He was 68. Poland it is. Nothing here.';
    const native = (start: number, end: number, sourceId: string, quote: string): ModelCitation => ({
      start,
      end,
      sourceId,
      quote,
    });
    const { citations, uncited } = await check(text, [
      native(0, 13, 'tesla', 'at the age of 86'),
      native(14, 24, 'tesla', 'at the age of 86'),
      native(25, 38, 'tesla', 'Warsaw is the capital of Poland.'),
    ]);
    expect(citations.map(({ verdict, sourceId, evidence }) => [verdict, sourceId, evidence?.sourceId])).toEqual([
      ['verbatim', 'tesla', 'tesla'],
      ['absent', 'tesla', undefined],
      ['misattributed', 'tesla', 'warsaw'],
    ]);
    expect(uncited.map((claim) => claim.text)).toEqual(['Nothing here.']);
  });

  it('holds its offsets for any text and never throws', async () => {
    const piece = fc.oneof(
      fc.constantFrom('[1]', '[2, 1]', '[99]', 'Tesla died.', '[', ']', '```', '\n\n', '[1](x)', '“Warsaw is”'),
      fc.string(),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 20 }), async (pieces) => {
        const text = pieces.join(' ');
        const { citations, uncited } = await check(text);
        for (const claim of [...citations.map((citation) => citation.claim), ...uncited]) {
          expect(claim.start).toBeLessThan(claim.end);
          expect(claim.end).toBeLessThanOrEqual(text.length);
        }
        for (const { evidence } of citations) {
          const hit = sources.find(({ id }) => id === evidence?.sourceId);
          if (evidence !== undefined) expect(hit?.text.slice(evidence.start, evidence.end)).toBe(evidence.quote);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('names a place by lines, page, title or id', () => {
    expect(placeLabel({ id: 'a', text: '', source: 'a.md', place: { startLine: 4, endLine: 4 } })).toBe('a.md:4');
    expect(placeLabel({ id: 'a', text: '', source: 'a.pdf', place: { page: 2, startLine: 1 } })).toBe('a.pdf p. 2');
    expect(placeLabel({ id: 'a', text: '', title: 'Title' })).toBe('Title');
    expect(placeLabel({ id: 'a', text: '' })).toBe('a');
  });
});

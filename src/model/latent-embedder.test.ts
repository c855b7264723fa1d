import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readCollection } from '../../bench/lib/collection.js';
import { scoreRetriever } from '../../bench/lib/retrieval-scores.js';
import { createRun, defineStep, type Embedder, type Query, queryOf, type Retriever } from '../core/index.js';
import { bm25 } from '../keyword/index.js';
import { hybrid } from '../retrieve/index.js';
import { describeEmbedder } from '../testing/suites/index.js';
import { analyzer, stopWords } from '../text/index.js';
import { fitLatentEmbedder, localEmbedder, openLatentEmbedder } from './index.js';

/** `car` and `automobile` never stand in one text, but beside the same words. */
const corpus = [
  'The car needs a new engine and four tyres.',
  'An automobile runs on an engine and on tyres.',
  'Tyres of a car wear, and the engine drinks petrol.',
  'Petrol for the automobile and its engine is dear.',
  'The wing of a bird has feathers.',
  'Feathers keep a bird warm, and the wing lifts it.',
  'A nest of feathers holds the eggs of a bird.',
  'How do I get my money back? Refunds take five days.',
];

const fitted = (): Promise<Embedder> => fitLatentEmbedder(corpus, { dimensions: 3 });
describeEmbedder('fitLatentEmbedder', { create: fitted });

const dot = (a: Float32Array | undefined, b: Float32Array | undefined): number =>
  (a ?? new Float32Array(0)).reduce((sum, value, at) => sum + value * (b?.[at] ?? 0), 0);
const similarity = async (embedder: Embedder, a: string, b: string): Promise<number> => {
  const [first, second] = await embedder([a, b]);
  return dot(first, second);
};

describe('fitLatentEmbedder', () => {
  it('puts words near each other that stand beside the same words, which words alone cannot', async () => {
    const latent = await fitLatentEmbedder(corpus, { dimensions: 2 });
    expect(await similarity(latent, 'car', 'automobile')).toBeGreaterThan(0.7);
    expect(await similarity(latent, 'car', 'bird')).toBeLessThan(0.3);
    expect(await similarity(localEmbedder(), 'car', 'automobile')).toBeLessThan(0.2);
  });

  it('gives the same embedder for the same texts, from a list or a stream, and another id for others', async () => {
    const stream = async function* (): AsyncGenerator<string> {
      yield* corpus;
    };
    const [first, second] = [await fitted(), await fitLatentEmbedder(stream(), { dimensions: 3 })];
    expect(second.id).toBe(first.id);
    expect((await second(['petrol and wings']))[0]).toEqual((await first(['petrol and wings']))[0]);
    expect((await fitLatentEmbedder(corpus.slice(1), { dimensions: 3 })).id).not.toBe(first.id);
  });

  it('takes an unknown word for the known one that begins alike, and gives a text of strangers a vector all the same', async () => {
    const latent = await fitted();
    expect(await similarity(latent, 'featherz', 'feather')).toBeCloseTo(1, 3);
    const [strange, stranger, known] = await latent(['xylophone', 'quux 42', 'engine']);
    expect(dot(strange, strange)).toBeCloseTo(1, 5);
    expect(strange).toEqual(stranger);
    expect(strange).not.toEqual(known);
  });

  it('looks at a sample of a larger corpus, and at the terms that most texts have', async () => {
    const texts = Array.from({ length: 400 }, (_, n) => `common term${n % 20} rare${n}`);
    const latent = await fitLatentEmbedder(texts, { maxTexts: 60, maxTerms: 21, dimensions: 8 });
    expect(latent.terms).toBe(21);
    expect(latent.dimensions).toBe(8);
    expect(await similarity(latent, 'term3', 'term3 rare7')).toBeCloseTo(1, 5);
  });

  it('reads texts in any language that the analyzer reads', async () => {
    const chinese = ['我喜欢猫和狗', '猫和狗是动物', '汽车有发动机', '发动机驱动汽车'];
    const latent = await fitLatentEmbedder(chinese, { analyze: analyzer({ isStemmed: false }), dimensions: 2 });
    expect(await similarity(latent, '动物', '我喜欢猫')).toBeGreaterThan(await similarity(latent, '动物', '发动机'));
  });

  it('refuses a corpus without words and numbers that make no sense', async () => {
    await expect(fitLatentEmbedder(['', '...'])).rejects.toMatchObject({ code: 'bad-input' });
    await expect(fitLatentEmbedder([])).rejects.toMatchObject({ code: 'bad-input' });
    await expect(fitLatentEmbedder([5] as unknown as string[])).rejects.toMatchObject({ code: 'bad-input' });
    for (const options of [{ dimensions: 0 }, { dimensions: 1.5 }, { maxTerms: 0 }, { maxTexts: Number.NaN }]) {
      await expect(fitLatentEmbedder(corpus, options)).rejects.toMatchObject({ code: 'bad-option' });
    }
  });

  it('stops fitting when its run aborts', async () => {
    const control = new AbortController();
    const endless = async function* (): AsyncGenerator<string> {
      for (let n = 0; ; n++) {
        if (n === 100) control.abort('enough');
        yield `text ${n}`;
      }
    };
    await expect(fitLatentEmbedder(endless(), {}, createRun({ signal: control.signal }))).rejects.toBe('enough');
  });
});

describe('openLatentEmbedder', () => {
  it('gives the same vectors as the one that was saved, from any place in memory', async () => {
    const latent = await fitLatentEmbedder(corpus);
    const bytes = new Uint8Array(latent.save().length + 3);
    bytes.set(latent.save(), 3);
    const opened = openLatentEmbedder(bytes.subarray(3));
    expect(opened.id).toBe(latent.id);
    expect(await opened(corpus)).toEqual(await latent(corpus));
    expect(opened.save()).toEqual(latent.save());
  });

  it('refuses bytes that are cut, changed, newer or something else, wherever the damage is', async () => {
    const whole = (await fitLatentEmbedder(corpus, { dimensions: 3 })).save();
    for (let at = 0; at < whole.length; at += 101) {
      expect(() => openLatentEmbedder(whole.subarray(0, at))).toThrow(
        expect.objectContaining({ code: 'store-damaged' }),
      );
      const changed = whole.slice();
      changed[at] = (changed[at] ?? 0) ^ 0xff;
      expect(() => openLatentEmbedder(changed)).toThrow(expect.objectContaining({ code: 'store-damaged' }));
    }
    const newer = whole.slice();
    newer[8] = 9;
    expect(() => openLatentEmbedder(newer)).toThrow(expect.objectContaining({ code: 'store-newer' }));
  });

  it('refuses another analyzer than it was fitted with', async () => {
    const latent = await fitLatentEmbedder(corpus, { analyze: analyzer({ stopWords, isStemmed: false }) });
    expect(() => openLatentEmbedder(latent.save())).toThrow(expect.objectContaining({ code: 'bad-option' }));
    expect(openLatentEmbedder(latent.save(), { analyze: analyzer({ stopWords, isStemmed: false }) }).id).toBe(
      latent.id,
    );
  });
});

const data = process.env.PIPEWRIGHT_DATA ?? fileURLToPath(new URL('../../../shared/data', import.meta.url));

describe('the latent embedder on test collections', () => {
  for (const [name, least] of Object.entries({ cranfield: 0.39, 'xquad-en': 0.94 })) {
    const isThere = existsSync(`${data}/retrieval/${name}`);
    if (!isThere)
      console.warn(`Left out: the latent embedder on ${name}, because ${data}/retrieval/${name} is absent.`);
    it.runIf(isThere)(
      `finds more than word hashes do, and makes keywords better: ${name}`,
      { timeout: 120_000 },
      async () => {
        const whole = await readCollection(`${data}/retrieval`, name);
        const collection = { ...whole, queries: whole.queries.filter((_, at) => at % 8 === 0) };
        const texts = collection.documents.map(({ title = '', text }) => `${title}\n${text}`);
        const latent = await fitLatentEmbedder(texts);
        const vectors = await latent(texts);
        const retriever: Retriever = defineStep({ kind: 'retriever', name: 'latent' }, async (query: Query, run) => {
          const { text, k = 10 } = queryOf(query);
          const [vector] = await latent([text], run);
          const hits = collection.documents.map((document, at) => ({ ...document, score: dot(vectors[at], vector) }));
          return hits.sort((a, b) => b.score - a.score).slice(0, k);
        });
        await using keywords = await bm25();
        await keywords.add(collection.documents);
        const fused = hybrid([keywords.retriever(), retriever], { fusion: 'relative-score', weights: [1, 1] });
        const [alone, latentAlone, both] = [
          await scoreRetriever(keywords.retriever(), collection),
          await scoreRetriever(retriever, collection),
          await scoreRetriever(fused, collection),
        ];
        expect(latentAlone.ndcg10).toBeGreaterThan(least);
        // On a collection where words alone find nearly all, a part of its questions decides either way.
        expect(both.ndcg10).toBeGreaterThan(alone.ndcg10 - (alone.ndcg10 > 0.95 ? 0.01 : 0));
        expect(both.recall100).toBeGreaterThanOrEqual(alone.recall100);
      },
    );
  }
});

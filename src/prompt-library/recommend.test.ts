import { describe, expect, it } from 'vitest';
import { defineStepWith, type Embedder, explain } from '../core/index.js';
import { memoryStore } from '../store/index.js';
import { promptLibrary, recommend } from './index.js';

/** An embedder that knows three subjects and no words. */
const subjects = [/money|refund|price|cash/i, /language|translate|german/i, /code|bug|program/i];
const embedder = (): Embedder & { readonly texts: string[] } => {
  const texts: string[] = [];
  const props = { id: 'subjects', dimensions: 3, texts };
  return defineStepWith({ kind: 'embedder' }, props, async (batch: readonly string[]) => {
    texts.push(...batch);
    return batch.map((text) => {
      const vector = Float32Array.from(subjects, (subject) => (subject.test(text) ? 1 : 0));
      const length = Math.hypot(...vector) || 1;
      return vector.map((value) => value / length);
    });
  });
};

const filled = async () => {
  const library = promptLibrary({ store: memoryStore() });
  await library.save('support/refund', 'Answer the customer: {mail}', {
    description: 'Replies to wishes for a refund',
    tags: ['support'],
  });
  await library.save('translate', 'Translate into {language}: {text}');
  await library.save('review-code', 'Find the bug in {code}', { tags: ['code'] });
  return library;
};

describe('recommend', () => {
  it('finds by the words of name, description, tags and template', async () => {
    const find = recommend(await filled());
    expect((await find('customers who want refunds'))[0]?.name).toBe('support/refund');
    expect((await find('translating letters'))[0]?.name).toBe('translate');
    expect((await find('reviewing'))[0]?.name).toBe('review-code');
    expect(await find('zebra')).toEqual([]);
    expect(await find(' ')).toEqual([]);
  });

  it('finds by meaning what shares no word, and embeds each prompt once', async () => {
    const library = await filled();
    const model = embedder();
    const find = recommend(library, { embedder: model });
    expect((await find('I need my cash'))[0]).toMatchObject({
      name: 'support/refund',
      parts: { words: 0, meaning: 1 },
    });
    await find('cash again');
    expect(model.texts).toHaveLength(5);
    await library.save('translate', 'Put into {language}: {text}');
    await find('German');
    expect(model.texts).toHaveLength(7);
    expect(explain(find).maxModelCalls).toBe(1);
  });

  it('sees what was saved and deleted since', async () => {
    const library = await filled();
    const find = recommend(library);
    await find('refund');
    await library.delete('support/refund');
    await library.save('invoice', 'Explain the refund on {invoice}');
    expect((await find('refund')).map(({ name }) => name)).toEqual(['invoice']);
  });

  it('prefers what has proved itself, by its weight, and does not trust one good use', async () => {
    const library = promptLibrary({ store: memoryStore() });
    for (const name of ['one', 'two', 'three']) await library.save(name, 'Summarize {text}');
    for (let use = 0; use < 20; use++) await library.record({ name: 'two', version: 1 }, { quality: 0.9 });
    await library.record({ name: 'three', version: 1 }, { quality: 1 });
    const found = await recommend(library)('summarize');
    expect(found.map(({ name }) => name)).toEqual(['two', 'three', 'one']);
    expect(found[2]?.parts.quality).toBe(0.5);
    const byWords = await recommend(library, { weights: { quality: 0 } })('summarize');
    expect(new Set(byWords.map(({ score }) => score)).size).toBe(1);
  });

  it('narrows to a tag, limits, and refuses weights that say nothing', async () => {
    const library = await filled();
    expect(
      (await recommend(library, { tag: 'code' })('answer the customer of refund bug')).map(({ name }) => name),
    ).toEqual(['review-code']);
    expect(await recommend(library, { k: 1 })('refund bug translate')).toHaveLength(1);
    for (const weights of [{ words: 0 }, { meaning: 1 }, { words: -1 }, { quality: Number.NaN }, { words: Infinity }]) {
      expect(() => recommend(library, { weights })).toThrow(expect.objectContaining({ code: 'bad-option' }));
    }
  });
});

import { describe, expect, it } from 'vitest';
import { explain, PipewrightError } from '../core/index.js';
import { type ScriptTurn, scripted, testRun } from '../testing/index.js';
import { knowledgeGraph, modelExtractor, type ModelExtractorOptions } from './index.js';
import type { Extraction } from './types.js';

const text = 'Marie Curie worked in Paris. She won the Nobel Prize with Pierre.';
const entity = (name: string, type = 'person', aliases: readonly string[] = []): object => ({
  name,
  type,
  description: `About ${name}.`,
  aliases,
});
const relation = (from: string, to: string, strength: unknown = 10): object => ({
  from,
  to,
  type: 'Knows',
  description: 'They meet.',
  strength,
});
const reply = (entities: readonly unknown[], relations: readonly unknown[] = []): string =>
  JSON.stringify({ entities, relations });

const read = async (turns: readonly ScriptTurn[], options?: ModelExtractorOptions, of = text): Promise<Extraction> =>
  modelExtractor(scripted(turns), options)({ id: 'd', text: of });
const quotes = ({ entities }: Extraction): readonly (readonly string[])[] =>
  entities.map(({ mentions }) => mentions.map(({ start, end }) => text.slice(start, end)));

describe('modelExtractor', () => {
  it('gives what the model found, each with its places in the text', async () => {
    const found = await read([
      reply([entity('Marie Curie', 'Person'), entity('Paris', 'place')], [relation('Marie Curie', 'Paris')]),
    ]);
    expect(quotes(found)).toEqual([['Marie Curie'], ['Paris']]);
    expect(found.entities[0]).toMatchObject({ type: 'person', description: 'About Marie Curie.' });
    expect(found.relations).toEqual([
      {
        from: 'Marie Curie',
        to: 'Paris',
        type: 'knows',
        description: 'They meet.',
        weight: 2,
        documentId: 'd',
        start: 0,
        end: 28,
      },
    ]);
    expect(found.failures).toEqual([]);
  });

  it('leaves out entities that are not in the text, and relations that join none, and says how many', async () => {
    const found = await read([
      reply(
        [entity('Paris'), entity('Albert Einstein'), entity('')],
        [relation('Paris', 'Albert Einstein'), relation('Paris', 'Paris')],
      ),
    ]);
    expect(quotes(found)).toEqual([['Paris']]);
    expect(found.relations).toEqual([]);
    expect(found.failures).toEqual(['3 entities or relations are not in the text and were left out.']);
  });

  it('finds an entity by an alias, and joins relations that use it', async () => {
    const found = await read([
      reply(
        [entity('Pierre Curie', 'person', ['Pierre']), entity('nobel prize')],
        [relation('Pierre Curie', 'Nobel Prize')],
      ),
    ]);
    expect(quotes(found)).toEqual([['Pierre'], ['Nobel Prize']]);
    expect(found.relations).toMatchObject([{ from: 'Pierre', to: 'nobel prize', start: 29, end: 65 }]);
  });

  it.each([
    ['no JSON at all', 'I cannot do that.'],
    ['another form', '[1, 2]'],
    ['lists of nonsense', reply([null, 7, 'Paris', { name: 5 }], [null, {}])],
    ['names like regular expressions', reply([entity('(((.*'), entity('[a-'), entity('\\')])],
    ['__proto__', reply([entity('__proto__'), entity('constructor')], [relation('__proto__', 'constructor', 'much')])],
  ])('takes %s for nothing found, and does not fail', async (_, turn) => {
    const found = await read([turn, turn]);
    expect(found.entities).toEqual([]);
    expect(found.relations).toEqual([]);
  });

  it('keeps to bounds when a model writes without end', async () => {
    const many = Array.from({ length: 10_000 }, () => entity('Paris'));
    const found = await read([
      reply(
        many,
        Array.from({ length: 10_000 }, () => relation('Paris', 'Marie Curie', 1e300)),
      ),
    ]);
    expect(found.entities).toHaveLength(200);
    expect(found.relations).toHaveLength(0);
    const graph = await knowledgeGraph({ extractor: modelExtractor(scripted([reply(many)])) });
    await graph.add([{ id: 'd', text }]);
    expect(await graph.stats()).toMatchObject({ entities: 1 });
  });

  it('reports a stretch that cannot be read, and goes on with the others', async () => {
    const long = `${'Paris is large. '.repeat(20)}\n\n${'Rome is old. '.repeat(20)}`;
    const fail = [{ type: 'throw', error: new PipewrightError('model-failed', 'Down.') }] as const;
    const turn: ScriptTurn = (request) => (JSON.stringify(request).includes('Paris') ? fail : reply([entity('Rome')]));
    const found = await modelExtractor(scripted([turn], { shouldRepeat: true }), { stretchTokens: 90 })({
      id: 'd',
      text: long,
    });
    expect(found.entities.flatMap(({ mentions }) => mentions).length).toBeGreaterThan(10);
    expect(
      found.entities.every(({ mentions }) => mentions.every(({ start, end }) => long.slice(start, end) === 'Rome')),
    ).toBe(true);
    expect(found.failures?.[0]).toContain('The stretch from 0 could not be read: Down.');
  });

  it('reports what lies behind the last stretch that it may read', async () => {
    const found = await modelExtractor(scripted([reply([])], { shouldRepeat: true }), {
      stretchTokens: 50,
      maxStretches: 2,
    })({ id: 'd', text: 'Paris is large. '.repeat(100) });
    expect(found.failures?.[0]).toMatch(/^\d+ stretches lie behind `maxStretches`/u);
  });

  it('asks again for what was missed, until nothing is added', async () => {
    const model = scripted([
      reply([entity('Paris')]),
      reply([entity('Marie Curie')], [relation('Marie Curie', 'Paris')]),
      reply([]),
    ]);
    const found = await modelExtractor(model, { maxGleanings: 5 })({ id: 'd', text });
    expect(found.entities).toHaveLength(2);
    expect(found.relations).toHaveLength(1);
    expect(model.requests).toHaveLength(3);
  });

  it('says in its rules what to look for, and gives the text as a source', async () => {
    const model = scripted([reply([])]);
    await modelExtractor(model, { entityTypes: ['drug'], relationTypes: ['cures'], instructions: 'Medicine.' })({
      id: 'd',
      text,
    });
    const request = JSON.stringify(model.requests[0]);
    for (const part of ['drug', 'cures', 'Medicine.']) expect(request).toContain(part);
    expect(model.requests[0]?.messages.at(-1)?.content).toContainEqual({ type: 'source', id: 'd', text });
  });

  it('ends at once when the budget is spent or the run is aborted', async () => {
    const spent = [{ type: 'throw', error: new PipewrightError('budget-exceeded', 'Spent.') }] as const;
    await expect(read([spent])).rejects.toMatchObject({ code: 'budget-exceeded' });
    const { run, abort } = testRun();
    const waiting = modelExtractor(scripted([[{ type: 'stall' }]]))({ id: 'd', text }, run);
    setImmediate(() => abort('gone'));
    await expect(waiting).rejects.toBe('gone');
  });

  it('tells what one document costs at most', () => {
    const extractor = modelExtractor(scripted([]), { maxStretches: 10, maxGleanings: 2 });
    // 10 stretches, 1 + 2 questions each, one repair for each.
    expect(explain(extractor).maxModelCalls).toBe(60);
    expect(() => modelExtractor(scripted([]), { stretchTokens: 1 })).toThrow(
      expect.objectContaining({ code: 'bad-option' }),
    );
  });

  it('reads a document anew when the settings change', () => {
    expect(modelExtractor(scripted([]), { maxGleanings: 1 }).id).not.toBe(modelExtractor(scripted([])).id);
  });
});

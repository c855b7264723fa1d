import { describe, expect, it } from 'vitest';
import { createRun, type Document } from '../core/index.js';
import { manualClock } from '../testing/index.js';
import { lexicalExtractor } from './index.js';
import type { Extraction } from './types.js';

const extract = (text: string, names: 'rules' | 'compromise' = 'rules'): Promise<Extraction> =>
  lexicalExtractor({ names })({ id: 'd', text });
const namesIn = async (text: string): Promise<readonly string[]> =>
  (await extract(text)).entities.map(({ name }) => name);

/** Sentences of our own, each with what it names. */
const labelled: readonly (readonly [sentence: string, names: readonly string[]])[] = [
  [
    'In 1903 Marie Curie shared the Nobel Prize with Pierre Curie.',
    ['1903', 'Marie Curie', 'Nobel Prize', 'Pierre Curie'],
  ],
  [
    'The Treaty of Tordesillas divided the new lands between Portugal and Spain.',
    ['Treaty of Tordesillas', 'Portugal', 'Spain'],
  ],
  ['She moved to Warsaw in May 1891 and later to Paris.', ['Warsaw', 'May 1891', 'Paris']],
  [
    'International Business Machines (IBM) opened a laboratory in Zurich.',
    ['International Business Machines', 'Zurich'],
  ],
  ['The bridge is 1,280 m long and cost $35 million.', ['$35 million']],
  ['Although it rained, the match between Ajax and Celtic went ahead.', ['Ajax', 'Celtic']],
  ['The University of Bologna was founded in 1088.', ['University of Bologna', '1088']],
  ['Ludwig van Beethoven was born in Bonn.', ['Ludwig van Beethoven', 'Bonn']],
  ['Call openLibrary() before you set max_retries.', ['openLibrary()', 'max_retries']],
  ['Several engineers from Siemens visited the plant near Leipzig.', ['Siemens', 'Leipzig']],
  ['On 3 March 1875 the first performance of Carmen took place in Paris.', ['3 March 1875', 'Carmen', 'Paris']],
  ['Apollo 11 landed on the Moon while Michael Collins stayed in orbit.', ['Apollo 11', 'Moon', 'Michael Collins']],
  ['The river Rhine flows from the Alps to the North Sea.', ['Rhine', 'Alps', 'North Sea']],
  ["Newton's laws were published by the Royal Society.", ['Newton', 'Royal Society']],
  ['However, nobody had asked Ada Lovelace.', ['Ada Lovelace']],
  ['The parser reads tokens quickly and keeps no state.', []],
  ['Dr. Grace Hopper joined the Navy Reserve in 1943.', ['Dr. Grace Hopper', 'Navy Reserve', '1943']],
  ['Boeing and Airbus compete for orders from Lufthansa.', ['Boeing', 'Airbus', 'Lufthansa']],
  ['It weighs 45 kg and is powered by two motors.', ['45 kg']],
  ['After the Second World War the factory moved to Turin.', ['Second World War', 'Turin']],
  ['Customers in Japan, Korea and Taiwan pay in advance.', ['Japan', 'Korea', 'Taiwan']],
  ['The European Central Bank raised rates by 0.5 % in July 2022.', ['European Central Bank', '0.5 %', 'July 2022']],
  ['Jean-Luc Godard and Agnes Varda met at a cinema.', ['Jean-Luc Godard', 'Agnes Varda']],
  ['Most of the water comes from Lake Constance.', ['Lake Constance']],
  ['AT&T sold the unit to Ericsson for $2 billion.', ['AT&T', 'Ericsson', '$2 billion']],
];

const fixtureScores = async (
  names: 'rules' | 'compromise',
): Promise<{ readonly precision: number; readonly recall: number; readonly wrong: readonly string[] }> => {
  let right = 0;
  let found = 0;
  let wanted = 0;
  const wrong: string[] = [];
  for (const [sentence, expected] of labelled) {
    const got = (await extract(sentence, names)).entities.map(({ name }) => name);
    const hits = got.filter((name) => expected.includes(name));
    right += hits.length;
    found += got.length;
    wanted += expected.length;
    wrong.push(
      ...got.filter((name) => !expected.includes(name)),
      ...expected.filter((name) => !got.includes(name)).map((name) => `(${name})`),
    );
  }
  return { precision: right / found, recall: right / wanted, wrong };
};

describe('lexicalExtractor', () => {
  it('finds what hand-labelled sentences name, with few mistakes', async () => {
    const { precision, recall, wrong } = await fixtureScores('rules');
    expect({ wrong, isPrecise: precision >= 0.93, isComplete: recall >= 0.93 }).toMatchObject({
      isPrecise: true,
      isComplete: true,
    });
  });

  it('with compromise tells people from places, and keeps the names whole', async () => {
    const { precision, recall } = await fixtureScores('compromise');
    expect(precision).toBeGreaterThan(0.9);
    expect(recall).toBeGreaterThan(0.9);
    const { entities } = await extract('The firm of Angela Merkel cost $2 billion. It moved to Berlin.', 'compromise');
    expect(entities.map(({ name, type }) => [name, type])).toEqual([
      ['Angela Merkel', 'person'],
      ['$2 billion', 'quantity'],
      ['Berlin', 'place'],
    ]);
  });

  it('says where each mention stands, letter by letter', async () => {
    const text = 'Here Ada Lovelace wrote.\n\n# Notes\n\nLater Lovelace met Charles Babbage in London. Babbage stayed.';
    const { entities } = await extract(text);
    const shown = entities.map(({ name, mentions }) => [
      name,
      ...mentions.map(({ start, end }) => text.slice(start, end)),
    ]);
    expect(shown).toContainEqual(['Ada Lovelace', 'Ada Lovelace', 'Lovelace']);
    expect(shown).toContainEqual(['Charles Babbage', 'Charles Babbage', 'Babbage']);
  });

  it('takes a last name and an acronym for the name they are short for, unless they fit two', async () => {
    expect(await namesIn('Then Angela Merkel spoke. Later Merkel left.')).toEqual(['Angela Merkel']);
    expect(await namesIn('Then Marie Curie and Pierre Curie came. Later Curie left.')).toContain('Curie');
    const { entities } = await extract('The World Health Organization (WHO) met. Later the WHO voted.');
    expect(entities[0]).toMatchObject({ name: 'World Health Organization', aliases: ['WHO'], type: 'organization' });
    expect(entities[0]?.mentions).toHaveLength(3);
    expect(await namesIn('They left Western Europe. In Europe it was late.')).toContain('Europe');
  });

  it('relates what stands in one sentence, more where a verb stands between', async () => {
    const { relations } = await extract(
      'In 1889 Gustave Eiffel built the Eiffel Tower. People from Lyon like Paris, Rome.',
    );
    expect(relations).toContainEqual(
      expect.objectContaining({
        from: 'Gustave Eiffel',
        to: 'Eiffel Tower',
        type: 'built',
        weight: 2,
        start: 0,
        end: 46,
      }),
    );
    expect(relations).toContainEqual(
      expect.objectContaining({ from: 'Paris', to: 'Rome', type: 'mentioned with', weight: 1 }),
    );
    expect(relations.some(({ from, to }) => from === 'Eiffel Tower' && to === 'Lyon')).toBe(false);
  });

  it('relates what a sentence was about to the next one that goes on with a pronoun', async () => {
    const text = 'Here Ada Lovelace wrote to Bo Li. She moved to Paris. The rain in Oslo stopped.';
    const { relations } = await extract(text);
    const over = relations.filter(({ start = 0, end = 0 }) => text.slice(start, end).includes('. '));
    expect(over).toMatchObject([{ from: 'Ada Lovelace', to: 'Paris', weight: 0.5 }]);
  });

  it('takes phrases in small letters for concepts when they come twice', async () => {
    const { entities } = await extract(
      'A boundary layer is thin. It heats the boundary layer, and the shock wave is near.',
    );
    expect(entities.map(({ name, type }) => [name, type])).toEqual([['boundary layer', 'concept']]);
  });

  it('leaves out types it is told to, and keeps to a limit', async () => {
    const text = 'In 1903 Ada met Bo Li, Cy Fox and Di Ray. Later Bo Li and Ada left.';
    const few = await lexicalExtractor({ without: ['date'], maxEntities: 2 })({ id: 'd', text });
    expect(few.entities.map(({ name }) => name)).toEqual(['Ada', 'Bo Li']);
    expect(few.relations.every(({ from, to }) => [from, to].every((name) => ['Bo Li', 'Ada'].includes(name)))).toBe(
      true,
    );
  });

  it.each(['', '   ', '!!!', '\ud800', 'A'.repeat(5_000), 'Über Ärzte. 東京は日本の首都です。', '((([[['])(
    'reads %j without failing',
    async (text) => {
      const { entities } = await extract(text);
      for (const { mentions } of entities) for (const { start, end } of mentions) expect(end).toBeGreaterThan(start);
    },
  );

  it('gives way to the event loop in a long text, and ends when the run is aborted', async () => {
    const text = 'Then Ada Lovelace met Charles Babbage in London. '.repeat(4_000);
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    const document: Document = { id: 'long', text };
    const { entities } = await lexicalExtractor()(document);
    clearInterval(timer);
    expect(turns).toBeGreaterThan(2);
    expect(entities[0]?.mentions.length).toBe(4_000);
    const control = new AbortController();
    const late = lexicalExtractor()(document, createRun({ signal: control.signal, clock: manualClock() }));
    setImmediate(() => control.abort('gone'));
    await expect(late).rejects.toBe('gone');
  });

  it('refuses options that make no sense', () => {
    expect(() => lexicalExtractor({ maxEntities: 0 })).toThrow(expect.objectContaining({ code: 'bad-option' }));
    expect(() => lexicalExtractor({ names: 'magic' as 'rules' })).toThrow(
      expect.objectContaining({ code: 'bad-option' }),
    );
  });
});

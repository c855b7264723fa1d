import { expect, it } from 'vitest';
import { analyzer } from '../text/index.js';
import { highlightsOf, termCounter } from './index.js';

it('terms are counted with the weight of the title, and the length is the sum of the counts', async () => {
  const count = termCounter((text) => text.toLowerCase().split(/\W+/u).filter(Boolean), 2);
  const { counts, length } = await count({ title: 'Pipes', text: 'Pipes leak. Valves leak.' });
  expect([...counts]).toEqual([
    ['pipes', 3],
    ['leak', 2],
    ['valves', 1],
  ]);
  expect(length).toBe(6);
  expect((await termCounter((text) => [text], 0)({ title: 'Pipes', text: 'leak' })).length).toBe(1);
});

it('highlights are where words with a wanted term stand, and those that overlap are one', async () => {
  const text = 'Refunds are refunded.';
  const stemmed = analyzer();
  const [term] = stemmed('refund');
  const found = await highlightsOf(stemmed, text, (one) => one === term);
  expect(found.map(({ start, end }) => text.slice(start, end))).toEqual(['Refunds', 'refunded']);
});

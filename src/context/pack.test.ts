import fc from 'fast-check';
import { get_encoding } from 'tiktoken';
import { afterAll, describe, expect, it } from 'vitest';
import { assistant, user } from '../core/index.js';
import { tokenCounter } from '../model/index.js';
import { type Block, type MessageBlock, pack, packBy, type TextBlock } from './index.js';

const reference = get_encoding('o200k_base');
afterAll(() => reference.free());
/** Another implementation than the one that packs. */
const counted = (text: string): number => reference.encode_ordinary(text).length;

const facts = (count: number, about: string): string =>
  Array.from({ length: count }, (_, at) => `Fact ${at} about ${about} says ${about}${at * 7} of ${at + 3}.`).join(' ');
const block = (id: string, text: string, more: Partial<TextBlock> = {}): TextBlock => ({ id, text, ...more });
const ids = (blocks: readonly Block[]): string => blocks.map(({ id }) => id).join('');

describe('pack', () => {
  it('takes what is worth most by priority × relevance and keeps the given order', async () => {
    const blocks = [
      block('a', facts(3, 'tea'), { relevance: 0.2 }),
      block('b', facts(3, 'rain'), { relevance: 0.9 }),
      block('c', facts(3, 'iron'), { relevance: 0.5, priority: 3 }),
    ];
    const maxTokens = counted(`${blocks[1]?.text}\n\n${blocks[2]?.text}`);
    const packed = await pack(blocks, { maxTokens });
    expect(ids(packed.blocks)).toBe('bc');
    expect(packed.text).toBe(`${blocks[1]?.text}\n\n${blocks[2]?.text}`);
    expect(packed.tokens).toBe(counted(packed.text));
    expect(packed.leftOut).toEqual([{ block: blocks[0], reason: 'budget' }]);
    expect(ids((await pack(blocks, { maxTokens, order: 'rank' })).blocks)).toBe('cb');
  });

  it('cuts the last block that still helps at the end of a sentence, and says so', async () => {
    const blocks = [block('a', facts(2, 'tea')), block('b', facts(30, 'rain')), block('c', facts(30, 'iron'))];
    const packed = await pack(blocks, { maxTokens: 150 });
    expect(ids(packed.blocks)).toBe('ab');
    const cut = packed.blocks[1]?.text ?? '';
    expect(cut.endsWith('.') && facts(30, 'rain').startsWith(cut)).toBe(true);
    expect(packed.tokens).toBeGreaterThan(120);
    expect(packed.leftOut).toEqual([
      { block: blocks[1], reason: 'cut' },
      { block: blocks[2], reason: 'budget' },
    ]);
  });

  it('takes smaller blocks behind one whose beginning would be too short to help', async () => {
    const blocks = [block('a', facts(3, 'tea')), block('b', facts(30, 'rain')), block('c', 'Iron rusts.')];
    const packed = await pack(blocks, { maxTokens: counted(blocks[0]?.text ?? '') + 20 });
    expect(ids(packed.blocks)).toBe('ac');
    const cut = await pack(blocks, { maxTokens: counted(blocks[0]?.text ?? '') + 20, minCutTokens: 10 });
    expect(ids(cut.blocks)).toBe('ab');
  });

  it('never cuts through a sentence', async () => {
    const packed = await pack([block('a', 'One sentence without an end '.repeat(40))], { maxTokens: 100 });
    expect(packed).toMatchObject({ blocks: [], text: '', tokens: 0, leftOut: [{ reason: 'budget' }] });
  });

  it('leaves out what repeats a better block, and the same id twice', async () => {
    const text = facts(6, 'tea');
    const blocks = [block('a', text.slice(0, -30)), block('b', text, { relevance: 2 }), block('b', 'Other words.')];
    const packed = await pack(blocks, { maxTokens: 1_000 });
    expect(packed.blocks).toEqual([blocks[1]]);
    expect(packed.leftOut.map(({ reason }) => reason)).toEqual(['duplicate', 'duplicate']);
    expect((await pack(blocks, { maxTokens: 1_000, duplicateRatio: 2 })).blocks).toHaveLength(2);
  });

  it('prefers short blocks by density', async () => {
    const blocks = [block('a', facts(9, 'tea'), { relevance: 3 }), block('b', facts(3, 'rain'), { relevance: 2 })];
    const maxTokens = counted(blocks[0]?.text ?? '');
    expect(ids((await pack(blocks, { maxTokens, minCutTokens: 500 })).blocks)).toBe('a');
    expect(ids((await pack(blocks, { maxTokens, minCutTokens: 500, rankBy: 'density' })).blocks)).toBe('b');
  });

  it('puts the best at both edges', async () => {
    const blocks = [1, 2, 3, 4, 5].map((rank) => block(String(rank), facts(1, `topic ${rank}`), { relevance: -rank }));
    expect(ids((await pack(blocks, { maxTokens: 1_000, order: 'edges' })).blocks)).toBe('13542');
  });

  it('packs messages together or not at all', async () => {
    const turns: MessageBlock = { id: 'turns', messages: [user('What is tea?'), assistant('A drink.')] };
    const { countRequest } = tokenCounter('gpt-5');
    const own =
      (await countRequest({ messages: turns.messages })).tokens - (await countRequest({ messages: [] })).tokens;
    const packed = await pack<Block>([turns, block('a', 'Iron rusts.')], { maxTokens: own + counted('Iron rusts.') });
    expect(packed).toMatchObject({ text: 'Iron rusts.', tokens: own + counted('Iron rusts.'), leftOut: [] });
    expect((await pack<Block>([turns], { maxTokens: own - 1 })).leftOut).toEqual([{ block: turns, reason: 'budget' }]);
  });

  it('refuses a budget below zero', async () => {
    await expect(pack([], { maxTokens: -1 })).rejects.toMatchObject({ code: 'bad-option' });
    expect(() => packBy([], Number.NaN, () => undefined)).toThrow(/maxTokens/);
  });

  it('never exceeds the budget by one token, loses nothing and cuts only beginnings (10,000 random cases)', async () => {
    const piece = fc.constantFrom(
      'Tea is hot',
      '. ',
      'It',
      ' 1',
      '23',
      '\n',
      "don'",
      't',
      '漢字。',
      '😀',
      '/',
      '  ',
      'x',
      '!',
    );
    const blocks = fc.array(
      fc.record({
        id: fc.constantFrom('a', 'b', 'c', 'd', 'e', '__proto__'),
        text: fc.array(piece, { maxLength: 10 }).map((pieces) => pieces.join('')),
        relevance: fc.constantFrom(0, 1, 2),
      }),
      { maxLength: 6 },
    );
    const options = fc.record({
      maxTokens: fc.nat(60),
      separator: fc.constantFrom('\n\n', '', ' ', "'", '\n---\n'),
      order: fc.constantFrom('given' as const, 'rank' as const, 'edges' as const),
      minCutTokens: fc.constantFrom(0, 5),
      duplicateRatio: fc.constantFrom(0.8, 2),
    });
    await fc.assert(
      fc.asyncProperty(blocks, options, async (given, chosen) => {
        const packed = await pack(given, chosen);
        const whole = packed.leftOut.filter(({ reason }) => reason !== 'cut').length;
        return (
          counted(packed.text) <= chosen.maxTokens &&
          packed.tokens === counted(packed.text) &&
          packed.text === packed.blocks.map(({ text }) => text).join(chosen.separator) &&
          packed.blocks.length + whole === given.length &&
          packed.blocks.every(({ id, text }) => given.some((one) => one.id === id && one.text.startsWith(text)))
        );
      }),
      { numRuns: 10_000 },
    );
  }, 60_000);
});

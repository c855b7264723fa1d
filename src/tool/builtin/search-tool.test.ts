import { describe, expect, it } from 'vitest';
import { bm25 } from '../../keyword/index.js';
import { testRun } from '../../testing/index.js';
import { searchTool } from '../index.js';

const handbook = async () => {
  const index = await bm25();
  await index.add([
    { id: 'refunds', title: 'Refunds', source: 'handbook.md', text: 'Refunds take a week.' },
    { id: 'tea', text: 'Tea is served at four, every day of the year.' },
  ]);
  return searchTool(index.retriever(), { maxTextLength: 21 });
};

describe('searchTool', () => {
  it('gives what a retriever finds, and tells the run', async () => {
    const { run, events } = testRun();
    const find = await handbook();
    expect(await find({ query: 'how long do refunds take?' }, run)).toEqual([
      { id: 'refunds', title: 'Refunds', source: 'handbook.md', text: 'Refunds take a week.' },
    ]);
    expect(events.find(({ type }) => type === 'sources-found')).toMatchObject({ hits: [{ id: 'refunds' }] });
  });

  it('shows the beginning of a long passage, and says when nothing was found', async () => {
    const find = await handbook();
    expect(await find({ query: 'tea' })).toEqual([{ id: 'tea', text: 'Tea is served at four…' }]);
    expect(await find({ query: 'zebra' })).toBe('Nothing was found. Try other words.');
    await expect(find({ query: ' ' })).rejects.toThrow('query: must be a question');
  });
});

import { describe, expect, it } from 'vitest';
import { createRun, type Document } from '../core/index.js';
import { bm25 } from '../keyword/index.js';
import { hierarchical, parents as parentRetriever } from '../retrieve/index.js';
import { hierarchicalSplitter, markdownSplitter, parentChildSplitter, recursiveSplitter } from './index.js';

const guide: Document = {
  id: 'guide',
  title: 'Boats',
  source: 'boats.md',
  text: [
    '# Boats',
    '',
    'A boat floats on water. It may be large or small.',
    '',
    '## Sails',
    '',
    'A sail pulls the boat. It needs wind. Mend a torn sail with needle and thread.',
    '',
    '## Engines',
    '',
    'An engine pushes the boat. It needs oil. Change the oil every spring.',
  ].join('\n'),
  place: { startLine: 1, endLine: 11 },
  metadata: { format: 'markdown', shelf: 3 },
};
const parts = { parents: markdownSplitter(), children: recursiveSplitter({ maxChars: 40, overlapChars: 0 }) };

const textAt = (
  document: Document | undefined,
  { start, end }: { readonly start?: number; readonly end?: number } = {},
) => document?.text.slice(start, end);

describe('parentChildSplitter', () => {
  it('gives parents of the document and children of the parents, with exact offsets and lines in both', async () => {
    const { parents, children } = await parentChildSplitter(parts)(guide);
    expect(parents).toHaveLength(3);
    const byId = new Map(parents.map((parent) => [parent.id, parent]));
    for (const parent of parents) expect(textAt(guide, parent.place)).toBe(parent.text);
    for (const child of children) {
      expect(textAt(byId.get(child.place?.parentId ?? ''), child.place)).toBe(child.text);
      expect(child.text.length).toBeLessThanOrEqual(40);
      const lines = guide.text.split('\n').slice((child.place?.startLine ?? 0) - 1, child.place?.endLine);
      expect(lines.join('\n')).toContain(child.text);
      expect(child).toMatchObject({ title: 'Boats', source: 'boats.md', metadata: { shelf: 3 } });
    }
    expect(new Set(children.map(({ id }) => id)).size).toBe(children.length);
  });

  it('tells each heading once, though a child begins with the heading that its parent stands under', async () => {
    const { children } = await parentChildSplitter({
      parents: markdownSplitter(),
      children: markdownSplitter({ maxChars: 50 }),
    })(guide);
    const paths = new Set(children.map(({ place }) => place?.headings?.join(' / ')));
    expect([...paths]).toEqual(['Boats', 'Boats / Sails', 'Boats / Engines']);
  });

  it('serves a search that finds small pieces and gives large ones', async () => {
    const { parents, children } = await parentChildSplitter(parts)(guide);
    await using index = await bm25();
    await index.add(children);
    const search = parentRetriever(index.retriever(), new Map(parents.map((parent) => [parent.id, parent])));
    const [hit] = await search('needle and thread');
    expect(hit?.text).toMatch(/^## Sails[\s\S]*thread\.$/);
  });
});

describe('hierarchicalSplitter', () => {
  const splitter = hierarchicalSplitter({
    levels: [
      { level: 'section', splitter: parts.parents },
      { level: 'passage', splitter: parts.children },
    ],
  });

  it('gives all levels, each piece with its level and the one above', async () => {
    const all = await splitter(guide);
    const byId = new Map(all.map((piece) => [piece.id, piece]));
    expect(byId.size).toBe(all.length);
    expect(all.filter(({ metadata }) => metadata?.level === 'document').map(({ id }) => id)).toEqual(['guide']);
    const above: Readonly<Record<string, string>> = { section: 'document', passage: 'section' };
    for (const { text, place, metadata } of all.slice(1)) {
      const parent = byId.get(place?.parentId ?? '');
      expect(metadata?.parent).toBe(parent?.id);
      expect(parent?.metadata?.level).toBe(above[String(metadata?.level)]);
      expect(textAt(parent, place)).toBe(text);
    }
  });

  it('serves a search that narrows from level to level', async () => {
    await using index = await bm25();
    const other = { id: 'other', text: 'Doors need hinges, and an engine needs none.' };
    await index.add(await splitter([guide, other]));
    const search = hierarchical([
      { retriever: index.retriever(), k: 1, filter: { level: 'document' } },
      { retriever: index.retriever(), k: 1, filter: { level: 'section' }, parentField: 'parent' },
      { retriever: index.retriever(), k: 3, filter: { level: 'passage' }, parentField: 'parent' },
    ]);
    const hits = await search('which oil does the engine of the boat need');
    expect(hits.length).toBeGreaterThan(0);
    for (const hit of hits) expect(hit.metadata).toMatchObject({ level: 'passage', parent: 'guide#2' });
  });

  it('is aborted with its run', async () => {
    await expect(splitter(guide, createRun({ signal: AbortSignal.abort('gone') }))).rejects.toBe('gone');
  });
});

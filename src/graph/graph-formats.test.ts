import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defineStepWith, type Document } from '../core/index.js';
import {
  type Extraction,
  type Extractor,
  type KnowledgeGraph,
  knowledgeGraph,
  neighbourhoodMermaid,
  toCypher,
  toGraphml,
} from './index.js';

/** Two names that are what the document says, related by its title. */
const extractor: Extractor = defineStepWith(
  { kind: 'said' },
  { id: 'said' },
  async ({ id, text, title = '' }: Document): Promise<Extraction> => {
    const at = text.indexOf('|');
    const entity = (start: number, end: number) => ({
      name: text.slice(start, end),
      type: 'thing',
      mentions: [{ documentId: id, start, end }],
    });
    const [from, to] = [entity(0, at), entity(at + 1, text.length)];
    return {
      entities: [from, to],
      relations: [{ from: from.name, to: to.name, type: title, weight: 1, documentId: id, description: title }],
    };
  },
);
const graphOf = async (from: string, to: string, type = 'likes'): Promise<KnowledgeGraph> => {
  const graph = await knowledgeGraph({ extractor });
  await graph.add([{ id: type, text: `${from}|${to}`, title: type }]);
  return graph;
};

/** What is left of a statement when its strings are taken out, read as Cypher reads them. */
const withoutStrings = (statement: string): string => statement.replace(/'(?:[^'\\]|\\.)*'/gsu, '$');

const nasty = [
  "x'}) DETACH DELETE n //",
  "\\'}) MATCH (n) DETACH DELETE n //",
  '\\u0027}) DETACH DELETE n //',
  'a\nb\r\tc',
  'back\\',
  '"quotes" `ticks`',
  '<script>&amp;]]>',
];

describe('the forms of a graph', () => {
  it('writes Cypher that can be run twice, one statement at a time', async () => {
    const statements = [...toCypher(await (await graphOf('Ada', 'Bo')).export())];
    expect(statements).toEqual([
      "MERGE (d:Document {id: 'likes'}) SET d.title = 'likes';",
      "MERGE (n:Entity {id: 'ada'}) SET n.name = 'Ada', n.type = 'thing', n.aliases = [], n.description = '';",
      "MATCH (n:Entity {id: 'ada'}), (d:Document {id: 'likes'}) MERGE (n)-[:NAMED_IN]->(d);",
      "MERGE (n:Entity {id: 'bo'}) SET n.name = 'Bo', n.type = 'thing', n.aliases = [], n.description = '';",
      "MATCH (n:Entity {id: 'bo'}), (d:Document {id: 'likes'}) MERGE (n)-[:NAMED_IN]->(d);",
      "MATCH (a:Entity {id: 'ada'}), (b:Entity {id: 'bo'}) MERGE (a)-[r:RELATED {type: 'likes', documentId: 'likes'}]->(b) SET r.weight = 1, r.description = 'likes';",
    ]);
  });

  it.each(nasty)('lets no text out of its quotes: %j', async (text) => {
    const plain = [...toCypher(await (await graphOf('Ada', 'Bo')).export())].map(withoutStrings);
    const cypher = [...toCypher(await (await graphOf(`Ada${text}`, `Bo${text}`, `likes${text}`)).export())];
    // `'a\\' + 'u…'` is one text in two strings.
    expect(cypher.map((one) => withoutStrings(one).replaceAll('$ + $', '$'))).toEqual(plain);
    expect(cypher.join('')).not.toMatch(/\\u/iu);
    expect(cypher.every((one) => !one.includes('\n'))).toBe(true);
  });

  it('lets no text out of its quotes, whatever it is', async () => {
    const marks = fc.string({
      unit: fc.constantFrom("'", '\\', 'u', 'U', '0', '2', '7', '\n', 'a', '}', ')', ';'),
      minLength: 1,
      maxLength: 12,
    });
    await fc.assert(
      fc.asyncProperty(marks, async (text) => {
        const cypher = [...toCypher(await (await graphOf('Ada', 'Bo', `x${text}`)).export())];
        for (const one of cypher) expect(withoutStrings(one).replaceAll('$ + $', '$')).not.toMatch(/['\\]/u);
      }),
      { numRuns: 100 },
    );
  });

  it.each(nasty)('writes GraphML that stays well formed: %j', async (text) => {
    const xml = [...toGraphml(await (await graphOf(`Ada${text}\u0000\ud800`, 'Bo', `likes${text}`)).export())];
    const tags = xml.join('').replace(/[^<>]*(<[^<>]*>)/gu, '$1');
    const open = tags.match(/<(?!\/|\?)[^>]*[^/]>/gu) ?? [];
    const shut = tags.match(/<\/[^>]*>/gu) ?? [];
    expect(open.map((tag) => /<([a-z]+)/u.exec(tag)?.[1]).sort()).toEqual(
      shut.map((tag) => /([a-z]+)/u.exec(tag)?.[1]).sort(),
    );
    expect(xml.join('')).not.toContain('\u0000');
    expect(xml.join('')).not.toMatch(/<script|\ud800|&(?!amp;|lt;|gt;|quot;|apos;|#\d+;)/u);
    expect(xml.filter((line) => line.includes('<node'))).toHaveLength(2);
    expect(xml.filter((line) => line.includes('<edge'))).toHaveLength(1);
  });

  it('draws a neighbourhood', async () => {
    const graph = await graphOf('Ada "the first"', 'Bo', 'likes [very]');
    expect(neighbourhoodMermaid(await graph.neighbours('Bo'))).toBe(
      ['flowchart LR', '  n0["Bo"]', '  n1["Ada #34;the first"]', '  n0 ---|"likes #91;very#93;"| n1'].join('\n'),
    );
  });
});

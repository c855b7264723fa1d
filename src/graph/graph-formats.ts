import type { GraphData, LinkData } from './node-link.js';
import type { Neighbour } from './types.js';

// What XML 1.0 has no form for: control characters, and halves of surrogate pairs.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const unspeakable = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu;
const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  '\n': '&#10;',
  '\r': '&#13;',
  '\t': '&#9;',
};

const xml = (text: string): string =>
  text.replace(unspeakable, '\ufffd').replace(/[&<>"'\n\r\t]/gu, (mark) => entities[mark] ?? mark);

const nodeFields = ['name', 'type', 'aliases', 'description'] as const;
const linkFields = ['type', 'description', 'weight', 'documentId', 'start', 'end'] as const;
const numbers: ReadonlySet<string> = new Set(['weight', 'start', 'end']);

function* fieldLines(fields: Readonly<Record<string, string | number | undefined>>, prefix: string): Generator<string> {
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined && value !== '') yield `      <data key="${prefix}${name}">${xml(String(value))}</data>`;
  }
}

/**
 * The graph as GraphML, line by line, as Gephi, yEd and NetworkX read it.
 * @example [...toGraphml(await (await knowledgeGraph()).export())][0] // => '<?xml version="1.0" encoding="UTF-8"?>'
 */
export function* toGraphml({ nodes, links }: GraphData): Generator<string, void, undefined> {
  yield '<?xml version="1.0" encoding="UTF-8"?>';
  yield '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">';
  for (const name of nodeFields) {
    yield `  <key id="n-${name}" for="node" attr.name="${name}" attr.type="string"/>`;
  }
  for (const name of linkFields) {
    yield `  <key id="e-${name}" for="edge" attr.name="${name}" attr.type="${numbers.has(name) ? 'double' : 'string'}"/>`;
  }
  yield '  <graph edgedefault="directed">';
  for (const { id, name, type, aliases, descriptions } of nodes) {
    yield `    <node id="${xml(id)}">`;
    yield* fieldLines({ name, type, aliases: aliases.join('; '), description: descriptions.join(' ') }, 'n-');
    yield '    </node>';
  }
  for (const { source, target, ...link } of links) {
    yield `    <edge source="${xml(source)}" target="${xml(target)}">`;
    const { type, description, weight, documentId, start, end } = link;
    yield* fieldLines({ type, description, weight, documentId, start, end }, 'e-');
    yield '    </edge>';
  }
  yield '  </graph>';
  yield '</graphml>';
}

/**
 * A text as a Cypher string. Neo4j before version 5 reads `\u0027` as a quote before it looks for strings, even behind an
 * escaped backslash, so backslash and `u` are kept apart.
 */
const cypherText = (text: string): string => {
  const escaped = text
    .replaceAll('\\', '\\\\')
    .replaceAll("'", "\\'")
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replace(/\\\\(?=u)/giu, "\\\\' + '");
  return `'${escaped}'`;
};

const cypherList = (texts: readonly string[]): string => `[${texts.map(cypherText).join(', ')}]`;

const cypherLink = ({ source, target, type, description, weight, documentId, start, end }: LinkData): string => {
  const place = start === undefined || end === undefined ? '' : `, start: ${start}, end: ${end}`;
  const about = description === undefined ? '' : `, r.description = ${cypherText(description)}`;
  return (
    `MATCH (a:Entity {id: ${cypherText(source)}}), (b:Entity {id: ${cypherText(target)}}) ` +
    `MERGE (a)-[r:RELATED {type: ${cypherText(type)}, documentId: ${cypherText(documentId)}${place}}]->(b) ` +
    `SET r.weight = ${weight}${about};`
  );
};

/**
 * The graph as Cypher statements for Neo4j, Memgraph and others, one at a time; running them twice changes nothing. Nothing from
 * the documents becomes a label or a type of its own.
 * @example [...toCypher(await (await knowledgeGraph()).export())].length // => 0
 */
export function* toCypher({ graph, nodes, links }: GraphData): Generator<string, void, undefined> {
  for (const { document } of graph.documents) {
    const title = document.title ?? document.source ?? document.id;
    yield `MERGE (d:Document {id: ${cypherText(document.id)}}) SET d.title = ${cypherText(title)};`;
  }
  for (const { id, name, type, aliases, descriptions, mentions } of nodes) {
    const fields =
      `n.name = ${cypherText(name)}, n.type = ${cypherText(type)}, ` +
      `n.aliases = ${cypherList(aliases)}, n.description = ${cypherText(descriptions.join(' '))}`;
    yield `MERGE (n:Entity {id: ${cypherText(id)}}) SET ${fields};`;
    for (const documentId of new Set(mentions.map((mention) => mention.documentId))) {
      yield `MATCH (n:Entity {id: ${cypherText(id)}}), (d:Document {id: ${cypherText(documentId)}}) MERGE (n)-[:NAMED_IN]->(d);`;
    }
  }
  for (const link of links) yield cypherLink(link);
}

/** A text inside the quotes of a Mermaid label. */
const label = (text: string): string =>
  text.replace(/[\s\p{Cc}]+/gu, ' ').replace(/[#"<>&`\\[\](){}|;]/gu, (mark) => `#${mark.codePointAt(0)};`);

/**
 * A neighbourhood as a Mermaid drawing: what `neighbours` found, with the strongest statement at each line.
 * @example neighbourhoodMermaid([]) // => 'flowchart LR'
 */
export const neighbourhoodMermaid = (neighbours: readonly Neighbour[]): string => {
  const names = new Map<string, string>();
  const nameOf = (id: string): string => {
    const known = names.get(id) ?? `n${names.size}`;
    names.set(id, known);
    return known;
  };
  const lines = neighbours.flatMap(({ relation: { from, to, statements } }) => {
    const nodes = [from, to]
      .filter(({ id }) => !names.has(id))
      .map(({ id, name }) => `  ${nameOf(id)}["${label(name)}"]`);
    const [best] = statements.toSorted((a, b) => b.weight - a.weight);
    return [...nodes, `  ${nameOf(from.id)} ---|"${label(best?.type ?? '')}"| ${nameOf(to.id)}`];
  });
  return ['flowchart LR', ...lines].join('\n');
};

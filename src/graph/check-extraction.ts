import { type Document, PipewrightError } from '../core/index.js';
import { cleanName, maxNameLength, nameKey } from './name-key.js';
import type { ExtractedEntity, ExtractedRelation, Extraction } from './types.js';

/** What one document may bring: an extractor that runs wild must not fill the graph. */
const maxEntities = 5_000;
const maxRelations = 20_000;
const maxWordsLength = 1_000;
const maxWeight = 1_000;

const fail = (documentId: string, what: string): never => {
  throw new PipewrightError(
    'bad-input',
    `The extraction of the document \`${documentId}\` cannot be used: ${what}. Mend the extractor.`,
    { details: { where: documentId } },
  );
};

const isText = (value: unknown): value is string => typeof value === 'string';

/**
 * The extraction as the graph keeps it: plain fields only, names clean and each once, relations between entities that are
 * there. Every mention must lie in the text.
 * @throws {PipewrightError} `bad-input` that names what is wrong.
 */
export const checkedExtraction = (extraction: Extraction, document: Document): Extraction => {
  const { id } = document;
  if (!Array.isArray(extraction?.entities) || !Array.isArray(extraction.relations)) {
    return fail(id, '`entities` and `relations` must be lists');
  }
  if (extraction.entities.length > maxEntities) fail(id, `it has more than ${maxEntities} entities`);
  if (extraction.relations.length > maxRelations) fail(id, `it has more than ${maxRelations} relations`);
  const byKey = new Map<string, ExtractedEntity>();
  for (const entity of extraction.entities) {
    const checked = checkedEntity(entity, document);
    const key = nameKey(checked.name);
    const known = byKey.get(key);
    byKey.set(key, known === undefined ? checked : joined(known, checked));
  }
  const relations = extraction.relations.flatMap((relation) => checkedRelation(relation, document, byKey) ?? []);
  return { entities: [...byKey.values()], relations };
};

const joined = (a: ExtractedEntity, b: ExtractedEntity): ExtractedEntity => {
  const aliases = new Set([...(a.aliases ?? []), ...(b.aliases ?? []), b.name]);
  aliases.delete(a.name);
  return {
    ...b,
    ...a,
    ...(aliases.size === 0 ? {} : { aliases: [...aliases] }),
    mentions: [...a.mentions, ...b.mentions],
  };
};

const isRange = (start: unknown, end: unknown, text: string): boolean =>
  Number.isInteger(start) &&
  Number.isInteger(end) &&
  0 <= Number(start) &&
  Number(start) < Number(end) &&
  Number(end) <= text.length;

const nameOf = (name: unknown, id: string): string => {
  const clean = isText(name) ? cleanName(name) : '';
  return clean === '' || clean.length > maxNameLength
    ? fail(id, `a name must be a text of 1 to ${maxNameLength} characters`)
    : clean;
};

const typeOf = (type: unknown, id: string): string =>
  isText(type) && type.trim() !== '' && type.length <= maxNameLength
    ? type.trim().toLowerCase()
    : fail(id, `a type must be a text of 1 to ${maxNameLength} characters`);

const described = (description: unknown): { readonly description?: string } =>
  isText(description) && description.trim() !== '' ? { description: description.trim().slice(0, maxWordsLength) } : {};

const checkedEntity = (entity: ExtractedEntity, { id, text }: Document): ExtractedEntity => {
  const name = nameOf(entity.name, id);
  if (!Array.isArray(entity.mentions) || entity.mentions.length === 0) fail(id, `\`${name}\` has no mention`);
  const mentions = entity.mentions.map(({ start, end }) =>
    isRange(start, end, text)
      ? { documentId: id, start, end }
      : fail(id, `a mention of \`${name}\` lies outside the text`),
  );
  const aliases = (entity.aliases ?? []).map((alias) => nameOf(alias, id)).filter((alias) => alias !== name);
  return {
    name,
    type: typeOf(entity.type, id),
    ...described(entity.description),
    ...(aliases.length === 0 ? {} : { aliases: [...new Set(aliases)] }),
    mentions,
  };
};

const checkedRelation = (
  relation: ExtractedRelation,
  { id, text }: Document,
  byKey: ReadonlyMap<string, ExtractedEntity>,
): ExtractedRelation | undefined => {
  const from = byKey.get(nameKey(nameOf(relation.from, id)))?.name;
  const to = byKey.get(nameKey(nameOf(relation.to, id)))?.name;
  if (from === undefined || to === undefined)
    return fail(
      id,
      `a relation names \`${relation.from}\` and \`${relation.to}\`, which are not both among its entities`,
    );
  const { weight, start, end } = relation;
  if (!(weight > 0 && weight <= maxWeight))
    fail(id, `the weight of a relation of \`${from}\` must be above 0 and at most ${maxWeight}`);
  if (from === to) return undefined;
  const hasPlace = start !== undefined || end !== undefined;
  if (hasPlace && !isRange(start, end, text)) fail(id, `a relation of \`${from}\` lies outside the text`);
  return {
    from,
    to,
    type: typeOf(relation.type, id),
    ...described(relation.description),
    weight,
    documentId: id,
    ...(hasPlace ? { start: Number(start), end: Number(end) } : {}),
  };
};

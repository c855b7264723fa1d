import {
  callStep,
  checkAtLeast,
  defineStep,
  type Filter,
  type Hit,
  PipewrightError,
  type Retriever,
} from '../core/index.js';
import { askedOf, bothFilters, innerQuery } from './query.js';

/** One level of a hierarchy: summaries of documents, sections, passages. */
export interface HierarchyLevel {
  /** May be the same for all levels, with a `filter` that tells them apart. */
  readonly retriever: Retriever;
  /** Hits that the search goes on with; on the last level the query's own `k` wins. @default 5; 10 on the last level */
  readonly k?: number;
  /** What sets the documents of this level apart, such as `{ level: 'section' }`. @default none */
  readonly filter?: Filter;
  /** Metadata field that names the one above, by its key. Left out on the first level. */
  readonly parentField?: string;
  /** What the level below calls a hit. @default its id */
  readonly keyOf?: (hit: Hit) => string;
}

const checkLevels = (levels: readonly HierarchyLevel[]): void => {
  if (levels.length === 0) throw new PipewrightError('bad-option', '`hierarchical` needs at least one level.');
  levels.forEach(({ k = 1, parentField }, at) => {
    checkAtLeast(`levels[${at}].k`, k, 1);
    if (at > 0 && parentField === undefined) {
      throw new PipewrightError(
        'bad-option',
        `\`levels[${at}]\` needs a \`parentField\`: the field that names the level above.`,
      );
    }
  });
};

/**
 * Searches level by level: what is found on one narrows the next to what lies below it. The hits and scores are those of the last
 * level, to which `k` and `minScore` of the query apply; its filter applies there too. A level that finds nothing does not narrow.
 * One search for each level, one after the other.
 * @throws {PipewrightError} `bad-option`; the step throws what the retrievers throw.
 * @example hierarchical([{ retriever: summaries }, { retriever: passages, parentField: 'document' }])
 */
export const hierarchical = (levels: readonly HierarchyLevel[]): Retriever => {
  checkLevels(levels);
  const children = levels.map(({ retriever }, at) => ({ label: `level ${at + 1}`, step: retriever }));
  return defineStep({ kind: 'hierarchical', details: { levels: levels.length }, children }, async (query, run) => {
    const asked = askedOf(query, levels.at(-1)?.k ?? 10);
    let keys: readonly string[] = [];
    let hits: readonly Hit[] = [];
    for (const [at, { retriever, k = 5, filter, parentField, keyOf = idOf }] of levels.entries()) {
      const isLast = at === levels.length - 1;
      const below = parentField === undefined || keys.length === 0 ? undefined : { [parentField]: { $in: keys } };
      const narrowed = bothFilters(filter, below);
      const inner = isLast
        ? { ...asked, ...filterOf(bothFilters(asked.filter, narrowed)) }
        : { ...innerQuery({ text: asked.text }, asked.text, k), ...filterOf(narrowed) };
      hits = await callStep(retriever, inner, run, `level ${at + 1}`);
      keys = [...new Set(hits.map(keyOf))];
    }
    return hits;
  });
};

const idOf = ({ id }: Hit): string => id;
const filterOf = (filter: Filter | undefined): { readonly filter?: Filter } => (filter === undefined ? {} : { filter });

import {
  callStep,
  checkAtLeast,
  map,
  messageOf,
  type Run,
  type StepLike,
  type Store,
  type StoreChange,
} from '../core/index.js';
import { callsOff } from './calls-off.js';
import { damaged, decode, encode } from './records.js';
import type { Community, CommunityReport } from './types.js';

export interface CommunityOptions {
  /** Above 1 gives more and smaller communities, below 1 fewer and larger ones. @default 1 */
  readonly resolution?: number;
  /** Smaller ones are left out. @default 3 */
  readonly minEntities?: number;
}

/** What is said of a community. */
export interface WrittenReport {
  readonly title: string;
  readonly summary: string;
}

/** Writes the report of a community, from its entities and passages. */
export interface Reporter extends StepLike<Community, WrittenReport> {
  /** Names the way of writing: reports are written anew when it changes. */
  readonly id: string;
}

export interface ReportOptions extends CommunityOptions {
  /** Who writes the reports; those of communities that have not changed are kept. @default quotes of the best passages */
  readonly reporter?: Reporter;
  /** Communities that are reported on, the finest level and the largest first. @default 200 */
  readonly maxReports?: number;
  /** Level of the communities; one that is too high is the highest. @default all */
  readonly level?: number;
  /** How many reports are under way at once. @default 4 */
  readonly concurrency?: number;
}

/** Reports as they were written, by the id of reporter and community. */
export interface ReportShelf {
  readonly written: Map<string, WrittenReport>;
  readonly store: Store | undefined;
}

const prefix = 'report/';
const titleEntities = 3;
const quotedPassages = 4;

const keyOf = ({ id }: Reporter, community: Community): string => `${prefix}${encodeURIComponent(id)}/${community.id}`;

/** Reads the reports kept in a store. */
export const openShelf = async (store: Store | undefined): Promise<ReportShelf> => {
  const written = new Map<string, WrittenReport>();
  if (store === undefined) return { written, store };
  for await (const [key, bytes] of store.range({ from: prefix, to: 'report0' })) {
    const { title, summary } = decode(key, bytes);
    if (typeof title !== 'string' || typeof summary !== 'string') throw damaged(key, 'it is no report');
    written.set(key, { title, summary });
  }
  return { written, store };
};

const quoted = ({ entities, passages }: Community): WrittenReport => ({
  title: entities
    .slice(0, titleEntities)
    .map(({ name }) => name)
    .join(', '),
  summary: passages
    .slice(0, quotedPassages)
    .map(({ text }) => text.replace(/\s+/gu, ' '))
    .join(' '),
});

const reportOf = (community: Community, { title, summary }: WrittenReport, isWritten: boolean): CommunityReport => ({
  communityId: community.id,
  level: community.level,
  title,
  summary,
  isWritten,
  size: community.size,
  entities: community.entities.map(({ name }) => name),
  passages: community.passages,
});

/** The communities to report on, in their order. */
export const chosenCommunities = (
  communities: readonly Community[],
  { level, maxReports = 200 }: ReportOptions,
): readonly Community[] => {
  checkAtLeast('maxReports', maxReports, 1);
  const highest = communities.at(-1)?.level ?? 0;
  const wanted = level === undefined ? undefined : Math.min(level, highest);
  return communities.filter((one) => wanted === undefined || one.level === wanted).slice(0, maxReports);
};

/**
 * One report for each community. What a reporter wrote of one that has not changed is taken from the shelf; where it fails, the
 * report is quoted and the run gets a warning. Reports of communities that are gone leave the shelf.
 */
export const writeReports = async (
  communities: readonly Community[],
  options: ReportOptions,
  shelf: ReportShelf,
  run: Run,
): Promise<readonly CommunityReport[]> => {
  const { reporter, concurrency = 4 } = options;
  const chosen = chosenCommunities(communities, options);
  if (reporter === undefined) return chosen.map((community) => reportOf(community, quoted(community), false));
  const write = async (community: Community, inner: Run): Promise<CommunityReport> => {
    const key = keyOf(reporter, community);
    const known = shelf.written.get(key);
    if (known !== undefined) return reportOf(community, known, true);
    try {
      const { title, summary } = await callStep(reporter, community, inner, 'report');
      shelf.written.set(key, { title, summary });
      await shelf.store?.write([{ type: 'put', key, value: encode({ title, summary }) }]);
      return reportOf(community, { title, summary }, true);
    } catch (error) {
      inner.throwIfAborted();
      if (callsOff(error)) throw error;
      run.emit({ type: 'warning', message: `No report on ${quoted(community).title}: ${messageOf(error)}` });
      return reportOf(community, quoted(community), false);
    }
  };
  const reports = await map(write, { concurrency })(chosen, run);
  await clearOut(communities, shelf);
  return reports;
};

/** Takes reports off the shelf whose communities are no more: what is kept is bounded by what there is. */
const clearOut = async (communities: readonly Community[], { written, store }: ReportShelf): Promise<void> => {
  const living = new Set(communities.map(({ id }) => id));
  const gone = [...written.keys()].filter((key) => !living.has(key.slice(key.lastIndexOf('/') + 1)));
  for (const key of gone) written.delete(key);
  if (gone.length > 0) await store?.write(gone.map((key): StoreChange => ({ type: 'delete', key })));
};

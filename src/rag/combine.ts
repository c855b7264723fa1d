import { excerpt, type Hit, map, type Run, withoutText } from '../core/index.js';
import type { ChatReply } from '../model/index.js';
import type { CheckedCitations } from './check-citations.js';
import { type PackOptions, packSources } from './pack.js';
import type { Citation, LeftOutHit } from './types.js';

/** A reply to one request, checked against the sources of that request. */
export interface CheckedReply extends CheckedCitations {
  readonly reply: ChatReply;
  readonly sources: readonly Hit[];
}

/** Asks the model the question once, from these sources. */
export type AskFrom = (sources: readonly Hit[], run: Run) => Promise<CheckedReply>;

/** What a way of reading has come to: the reply to show, if there was anything to ask. */
export interface Reading {
  readonly last?: CheckedReply;
  readonly leftOut: readonly LeftOutHit[];
}

/** Reads passages with a model and comes to one reply. Only the text of the last request is shown. */
export type Combine = (
  hits: readonly Hit[],
  ask: AskFrom,
  options: Required<PackOptions>,
  run: Run,
) => Promise<Reading>;

/** Requests of one question that are under way at once. */
const concurrency = 4;

/** Whatever fits into one request. */
const stuff: Combine = async (hits, ask, options, run) => {
  const { sources, leftOut } = packSources(hits, options);
  return sources.length === 0 ? { leftOut } : { last: await ask(sources, run), leftOut };
};

/** Each part of the passages on its own, and then once more all places that those answers rest on. */
const mapReduce: Combine = async (hits, ask, options, run) => {
  const { sources: unique, leftOut } = packSources(hits, { ...options, maxTokens: Number.POSITIVE_INFINITY });
  const { batches, lost } = batchesOf(unique, options);
  if (batches.length < 2) return stuff(hits, ask, options, run);
  const askPart = (part: readonly Hit[], inner: Run): Promise<CheckedReply> => ask(part, withoutText(inner));
  const notes = await map(askPart, { concurrency })(batches, run);
  const reduced = await stuff(citedBy(notes, options), ask, options, run);
  return { ...reduced, leftOut: [...leftOut, ...lost, ...reduced.leftOut] };
};

/** What replies rest on: the passages that they cite where all fit into one request, else the places in them. */
const citedBy = (notes: readonly CheckedReply[], options: PackOptions): readonly Hit[] => {
  const whole = notes.flatMap(citedSources);
  const isRoom = packSources(whole, options).leftOut.every(({ reason }) => reason === 'duplicate');
  return isRoom ? whole : notes.flatMap(evidenceHits);
};

/** Part after part, each together with the places that the answer so far rests on. */
const refine: Combine = async (hits, ask, options, run) => {
  const { sources: unique, leftOut } = packSources(hits, { ...options, maxTokens: Number.POSITIVE_INFINITY });
  const lost = [...leftOut];
  let rest = unique;
  let evidence: readonly Hit[] = [];
  for (;;) {
    const part = nextPart(evidence, rest, options);
    lost.push(...part.lost);
    if (part.sources.length === 0) return { leftOut: lost };
    if (part.rest.length === 0 || part.rest.length === rest.length) {
      const unread = part.rest.map((hit): LeftOutHit => ({ hit, reason: 'budget' }));
      return { last: await ask(part.sources, run), leftOut: [...lost, ...unread] };
    }
    // Half of the room is for passages that were not read yet.
    const room = { ...options, maxTokens: options.maxTokens / 2 };
    evidence = citedBy([await ask(part.sources, withoutText(run))], room);
    rest = part.rest;
  }
};

/** Ways to read more than fits into one request. */
export const combinations: Readonly<Record<'stuff' | 'map-reduce' | 'refine', Combine>> = {
  stuff,
  'map-reduce': mapReduce,
  refine,
};

/** What one request reads, and what is left for the next ones. */
interface Part {
  readonly sources: readonly Hit[];
  readonly rest: readonly Hit[];
  readonly lost: readonly LeftOutHit[];
}

/** The passages that fit beside those kept. One is read cut only where none fits whole. */
const nextPart = (kept: readonly Hit[], hits: readonly Hit[], options: PackOptions): Part => {
  const packed = packSources([...kept, ...hits], options);
  const isWhole = (source: Hit): boolean => hits.includes(source);
  const readsWhole = packed.sources.some(isWhole);
  const sources = readsWhole
    ? packed.sources.filter((source) => isWhole(source) || kept.includes(source))
    : packed.sources;
  const isLost = ({ hit, reason }: LeftOutHit): boolean =>
    reason === 'duplicate' || (!readsWhole && (reason === 'cut' || (sources.length === 0 && hits.includes(hit))));
  const lost = packed.leftOut.filter(isLost);
  const gone = new Set([...sources, ...lost.map(({ hit }) => hit)].map(({ id }) => id));
  return { sources, rest: hits.filter(({ id }) => !gone.has(id)), lost };
};

interface Batches {
  readonly batches: readonly (readonly Hit[])[];
  readonly lost: readonly LeftOutHit[];
}

/** The passages in parts that each fit into one request. */
const batchesOf = (hits: readonly Hit[], options: PackOptions): Batches => {
  const batches: (readonly Hit[])[] = [];
  const lost: LeftOutHit[] = [];
  for (let rest = hits; rest.length > 0; ) {
    const part = nextPart([], rest, options);
    if (part.sources.length > 0) batches.push(part.sources);
    lost.push(...part.lost);
    rest = part.rest;
  }
  return { batches, lost };
};

/** Whether some source holds up what is cited. */
export const isHeld = ({ evidence }: Citation): boolean => evidence !== undefined;

/** The sources that hold up an answer. */
export const citedSources = ({ citations, sources }: Pick<CheckedReply, 'citations' | 'sources'>): readonly Hit[] => {
  const ids = new Set(citations.map(({ evidence }) => evidence?.sourceId));
  return sources.filter(({ id }) => ids.has(id));
};

/** The places that hold up an answer, as passages of their own with their place in the document. */
const evidenceHits = ({ citations, sources }: Pick<CheckedReply, 'citations' | 'sources'>): readonly Hit[] => {
  const found = new Map<string, Hit>();
  for (const { evidence } of citations) {
    const hit = sources.find(({ id }) => id === evidence?.sourceId);
    if (evidence === undefined || hit === undefined) continue;
    const piece = excerpt(hit, evidence);
    found.set(piece.id, piece);
  }
  return [...found.values()];
};

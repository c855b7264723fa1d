import { type Hit, sliceTimer, yieldToEventLoop } from '../core/index.js';
import type { ChatReply } from '../model/index.js';
import { type CitedClaim, citedClaims, type Mention, nativeClaims } from './cite.js';
import { evidenceOf } from './evidence.js';
import {
  type CheckedSource,
  checkedSource,
  findQuote,
  noSupport,
  type Stitching,
  scoreOf,
  stitch,
  type Support,
  supportOf,
  supportThreshold,
} from './support.js';
import type { Citation, Claim } from './types.js';

export interface CheckedCitations {
  /** In the order of the text. */
  readonly citations: readonly Citation[];
  readonly uncited: readonly Claim[];
}

/** A support with the source that gives it. */
interface Finding extends Support {
  readonly source: CheckedSource;
}

/** The share of a claim's words that places apart must hold together. */
const stitchedThreshold = 0.7;
/** A place that holds this much says the claim, whatever stands elsewhere. */
const wholeThreshold = 0.75;
/** How much more than the best place alone the places together must hold. */
const minStitchedGain = 0.2;

/**
 * Checks every citation of an answer against the text of the sources, whoever made it: citations of the model itself, or, when
 * there are none, marks like `[1]` in the text, where `[1]` is the first source.
 * @example
 * const hits = [{ id: 'a', text: 'Tea is at four.', score: 1 }];
 * (await checkCitations({ text: 'Tea is at four [1].', citations: [] }, hits)).citations[0]?.verdict // => 'verbatim'
 */
export const checkCitations = async (
  reply: Pick<ChatReply, 'text' | 'citations'>,
  sources: readonly Hit[],
): Promise<CheckedCitations> => {
  const isDue = sliceTimer();
  const checked: CheckedSource[] = [];
  for (const hit of sources) {
    checked.push(checkedSource(hit));
    if (isDue()) await yieldToEventLoop();
  }
  const numberOf = (id: string): number => sources.findIndex((hit) => hit.id === id) + 1;
  const claims =
    reply.citations.length > 0 ? nativeClaims(reply.text, reply.citations, numberOf) : citedClaims(reply.text);
  const citations: Citation[] = [];
  const uncited: Claim[] = [];
  for (const cited of claims) {
    if (cited.mentions.length === 0) uncited.push(cited.claim);
    else citations.push(...checkClaim(cited, checked));
    if (isDue()) await yieldToEventLoop();
  }
  return { citations, uncited };
};

const checkClaim = ({ claim, mentions }: CitedClaim, sources: readonly CheckedSource[]): readonly Citation[] => {
  const own = mentions.map((mention) => supportBy(mention, claim, sources[mention.number - 1]));
  const others = sources.filter((_, at) => mentions.every(({ number }) => number !== at + 1));
  const named = mentions.flatMap(({ number }) => sources[number - 1] ?? []);
  const stitching = stitchingOf(claim, named, Math.max(0, ...own.map(scoreOf)));
  return mentions.map((mention, i): Citation => {
    const support = own[i] ?? noSupport;
    const source = sources[mention.number - 1];
    const base = { claim, number: mention.number, ...(source === undefined ? {} : { sourceId: source.hit.id }) };
    if (source !== undefined && stitching?.parts.some((part) => part.source === source)) {
      return { ...base, verdict: 'stitched', score: stitching.score, ...stitchedEvidence(source, stitching) };
    }
    if (source !== undefined && scoreOf(support) >= supportThreshold) {
      const verdict = support.isVerbatim ? 'verbatim' : 'supported';
      return { ...base, verdict, score: support.score, ...evidenceIn(source, support) };
    }
    const better = bestOf(others, mention, claim);
    if (better === undefined) return { ...base, verdict: 'absent', score: scoreOf(support) };
    return { ...base, verdict: 'misattributed', score: better.score, ...evidenceIn(better.source, better) };
  });
};

/** The parts of a claim in the sources that it cites, where no one place holds it and they do. */
const stitchingOf = (claim: Claim, named: readonly CheckedSource[], best: number): Stitching | undefined => {
  if (best >= wholeThreshold) return undefined;
  const stitching = stitch(claim.text, named);
  const isStitched =
    stitching.parts.length > 1 && stitching.score >= Math.max(stitchedThreshold, best + minStitchedGain);
  return isStitched ? stitching : undefined;
};

const stitchedEvidence = (source: CheckedSource, { parts }: Stitching): Pick<Citation, 'evidence' | 'parts'> => {
  const all = parts.map((part) => ({ source: part.source, evidence: evidenceOf(part.source.hit, part.span) }));
  const own = all.find((part) => part.source === source);
  return { parts: all.map(({ evidence }) => evidence), ...(own === undefined ? {} : { evidence: own.evidence }) };
};

const evidenceIn = ({ hit }: CheckedSource, { span }: Support): Pick<Citation, 'evidence'> =>
  span === undefined ? {} : { evidence: evidenceOf(hit, span) };

/** A quote that the model gives must stand in the source, and then the claim must not say another number. */
const supportBy = ({ quote }: Mention, claim: Claim, source: CheckedSource | undefined): Support => {
  if (source === undefined) return noSupport;
  const support = supportOf(claim.text, source);
  if (quote === undefined) return support;
  const span = findQuote(source, quote);
  if (span === undefined || support.isContradicted) return noSupport;
  return { ...support, score: Math.max(support.score, supportThreshold), isVerbatim: true, span };
};

const bestOf = (sources: readonly CheckedSource[], mention: Mention, claim: Claim): Finding | undefined => {
  let best: Finding | undefined;
  for (const source of sources) {
    const support = supportBy(mention, claim, source);
    if (scoreOf(support) >= Math.max(supportThreshold, (best?.score ?? 0) + 0.001)) best = { ...support, source };
  }
  return best;
};

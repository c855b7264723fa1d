import type { Hit } from '../../core/index.js';
import type { Read } from '../../ask/index.js';
import { checkCitations, type Citation, type Claim } from '../../rag/index.js';
import { sentenceSpans, words } from '../../text/index.js';

/** What a side said in one round, with what became of its claims. */
export interface Statement {
  /** Without the line that states a position or concedes. */
  readonly text: string;
  /** Whether it was longer than allowed; then what came behind is left out. */
  readonly isCut: boolean;
  /** Claims that cite passages, and whether those say it. */
  readonly citations: readonly Citation[];
  /** Claims that cite nothing. */
  readonly uncited: readonly Claim[];
  /** What it argues for, where it was free to choose. */
  readonly position?: string;
  /** Whom it agrees with now. */
  readonly concededTo?: string;
}

/** A claim of a statement, and whether a passage that it cites says so. */
export interface MarkedClaim {
  readonly text: string;
  readonly isBacked: boolean;
  /** Why it is not backed. */
  readonly why?: string;
}

const wordPattern = /\S+/gu;

/** As many whole sentences as have room; of a first one that is too long, its beginning. */
export const cutTo = (text: string, maxWords: number): string => {
  const ends = [...text.matchAll(wordPattern)].map(({ index, 0: word }) => index + word.length);
  const limit = ends[maxWords - 1];
  if (limit === undefined || ends.length <= maxWords) return text;
  const whole = sentenceSpans(text).findLast(({ end }) => end <= limit);
  return text.slice(0, whole?.end ?? limit).trimEnd();
};

const header = /^[\s*_#>]*(position|concede)\b[\s*_]*:[\s*_]*(.*?)[\s*_]*$/iu;

interface Headed {
  readonly key?: 'position' | 'concede';
  readonly value: string;
  readonly rest: string;
}

/** The line in front that states something, and what comes behind it. */
const headed = (text: string): Headed => {
  const [first = '', ...others] = text.trim().split('\n');
  const found = header.exec(first);
  if (found === null) return { value: '', rest: text.trim() };
  const key = found[1]?.toLowerCase() === 'concede' ? 'concede' : 'position';
  return { key, value: (found[2] ?? '').trim(), rest: others.join('\n').trim() };
};

export interface Expected {
  /** Whether it must say what it argues for. */
  readonly choosesPosition: boolean;
  /** Whom it may concede to; empty in the opening. */
  readonly others: readonly string[];
  readonly maxWords: number;
  readonly sources: readonly Hit[];
}

/** The longest position that is kept. */
const maxPositionLength = 300;

/** Reads and checks what a side wrote; or tells what is wrong with its form. */
export const readStatement = async (written: string, expected: Expected): Promise<Read<Statement>> => {
  const { choosesPosition, others, maxWords, sources } = expected;
  const { key, value, rest } = headed(written);
  if (choosesPosition && (key !== 'position' || value === '')) {
    return { issues: ['The first line must be `Position: …`, with what you argue for.'] };
  }
  const conceded = key === 'concede' ? others.find((name) => name.toLowerCase() === value.toLowerCase()) : undefined;
  if (key === 'concede' && conceded === undefined) {
    const whom =
      others.length === 0 ? 'Nobody has spoken yet' : `Behind \`Concede:\` must stand one of ${others.join(', ')}`;
    return { issues: [`${whom}.`] };
  }
  if (rest === '' && conceded === undefined) return { issues: ['There is no statement.'] };
  const text = cutTo(rest, maxWords);
  const { citations, uncited } = await checkCitations({ text, citations: [] }, sources);
  return {
    value: {
      text,
      isCut: text.length < rest.length,
      citations,
      uncited,
      ...(choosesPosition ? { position: value.slice(0, maxPositionLength) } : {}),
      ...(conceded === undefined ? {} : { concededTo: conceded }),
    },
  };
};

const isBacking = ({ verdict }: Citation): boolean => verdict !== 'absent' && verdict !== 'misattributed';

const whyNot = (cited: readonly Citation[]): string => {
  const numbers = cited.map(({ number }) => `[${number}]`).join(', ');
  return `${numbers} does not say so`;
};

/** A few words such as a greeting claim nothing. */
const minClaimWords = 4;

/** The claims of a statement in the order of its text, each once however many passages it cites. */
export const markedClaims = ({ citations, uncited }: Statement): readonly MarkedClaim[] => {
  const cited = new Map<number, Citation[]>();
  for (const citation of citations) {
    cited.set(citation.claim.start, [...(cited.get(citation.claim.start) ?? []), citation]);
  }
  const checked = [...cited].map(([start, all]) => {
    const isBacked = all.some(isBacking);
    const text = all[0]?.claim.text ?? '';
    return { start, claim: { text, isBacked, ...(isBacked ? {} : { why: whyNot(all) }) } };
  });
  const bare = uncited
    .filter(({ text }) => words(text).length >= minClaimWords)
    .map(({ text, start }) => ({ start, claim: { text, isBacked: false, why: 'cites nothing' } }));
  return [...checked, ...bare].sort((a, b) => a.start - b.start).map(({ claim }) => claim);
};

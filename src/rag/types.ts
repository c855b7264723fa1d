import type { Filter, Hit, Message, Place } from '../core/index.js';
import type { ChatReply } from '../model/index.js';

/** A question; a string is short for `{ question }`. */
export type Question = string | QuestionWithOptions;

export interface QuestionWithOptions {
  readonly question: string;
  /** The conversation before the question, oldest first. */
  readonly history?: readonly Message[];
  /** Only documents whose metadata passes are searched. */
  readonly filter?: Filter;
  /** How many passages are searched for; wins over the option of `answer`. */
  readonly k?: number;
  /** What is searched for in place of the question, which is still what the model is asked. */
  readonly query?: string;
  /** The conversation that the question belongs to, for `conversational` with a store. */
  readonly conversationId?: string;
}

/** A stretch of the answer that says something. Offsets are into the answer's text. */
export interface Claim {
  /** Without citation marks. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/**
 * What a check found: `verbatim`, the words stand in the source letter by letter up to white space; `supported`, a place in the
 * source says the same in other words, as far as words can tell; `stitched`, no one place says it, but its parts stand in places
 * apart: that they belong together is the answer's own claim; `misattributed`, not the cited source but another one of those
 * given says it; `absent`, none does.
 */
export type Verdict = 'verbatim' | 'supported' | 'stitched' | 'misattributed' | 'absent';

/** The words of a source that a claim rests on, and where they stand. */
export interface Evidence {
  /** Id of the source. */
  readonly sourceId: string;
  /** The words, letter by letter. */
  readonly quote: string;
  /** `source.text.slice(start, end)` is the quote. */
  readonly start: number;
  readonly end: number;
  /** The same in the document that the source was cut from: offsets, lines, page, headings; as far as the source tells. */
  readonly place: Place;
  /** For people: `README.md:120-124`, `report.pdf p. 3`. */
  readonly label: string;
}

/** One claim, one source that it cites, and whether that holds. */
export interface Citation {
  readonly claim: Claim;
  /** The number that the answer gives the source, from 1: the place in `Answer.sources`. */
  readonly number: number;
  /** Undefined when the answer cites a number that no source has. */
  readonly sourceId?: string;
  readonly verdict: Verdict;
  /**
   * Share of the claim's words that the place holds, 0 to 1, names and numbers counted twice: of a misattributed claim, the
   * place in the right source; of a stitched one, all its places together.
   */
  readonly score: number;
  /** Where it stands: in the cited source, or in the right one where it is misattributed. Undefined when absent. */
  readonly evidence?: Evidence;
  /** The places of a stitched claim, also those in the other sources that it cites; the one that holds most comes first. */
  readonly parts?: readonly Evidence[];
}

export interface LeftOutHit {
  readonly hit: Hit;
  /** `duplicate`: an earlier source says the same; `budget`: no room; `cut`: only its beginning had room. */
  readonly reason: 'duplicate' | 'budget' | 'cut';
}

/** One thing that was done on the way to an answer, for reports and for people. */
export interface AnswerAction {
  /** One word: `search`, `grade`, `rewrite`, `plan`, `choose`, `answer`, `critique` and the like. */
  readonly action: string;
  /** What came of it, in a sentence. */
  readonly detail: string;
  /** What was searched for or asked. */
  readonly query?: string;
  /** How many passages were found or kept. */
  readonly hits?: number;
  /** A grade from 0 to 1, where the action gave one. */
  readonly score?: number;
}

/** An answer with what it rests on. Every member of the family gives this form, so that one can stand for another. */
export interface Answer {
  readonly text: string;
  /** False when no claim is supported by any source: then the text says so, or is not to be trusted. */
  readonly isAnswered: boolean;
  /** In the order of the text. */
  readonly citations: readonly Citation[];
  /** Claims that cite nothing. */
  readonly uncited: readonly Claim[];
  /** The passages given to the model, as it saw them: the source `[1]` is the first. */
  readonly sources: readonly Hit[];
  readonly leftOut: readonly LeftOutHit[];
  /** What was searched for: the question, or its stand-alone form. */
  readonly query: string;
  /** What was done, in the order in which it was finished. */
  readonly trace: readonly AnswerAction[];
  /** Names the answer for feedback; members that learn from it give one. */
  readonly id?: string;
  /** The model's reply; undefined when nothing was found, so that no model was asked. */
  readonly reply?: ChatReply;
}

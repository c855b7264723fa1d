import { numberIn, type Read, textsIn } from '../../ask/index.js';
import { parseJson } from '../../output/index.js';
import { normalizeAnswer } from '../../reason/index.js';

/** What a member wants, and why. */
export interface Position {
  /** The first of the ranking. */
  readonly choice: string;
  /** Best first. */
  readonly ranking: readonly string[];
  /** How sure it is, from 0 to 1. It is told, and counts nothing. */
  readonly confidence: number;
  readonly reasons: readonly string[];
}

const maxReasons = 5;
const maxReasonLength = 400;
const maxChoiceLength = 200;
const maxRanking = 50;

const readValue = (value: unknown, choices: readonly string[]): Read<Position> => {
  const issues: string[] = [];
  const wanted = (textsIn(value, 'ranking') ?? []).slice(0, maxRanking);
  if (wanted.length === 0) issues.push('`ranking` must be a list of at least one choice.');
  const unknown = choices.length === 0 ? undefined : wanted.find((each) => choiceOf(each, choices) === undefined);
  if (unknown !== undefined) issues.push(`\`${unknown.slice(0, 80)}\` is none of the choices: ${choices.join(', ')}.`);
  const confidence = numberIn(value, 'confidence') ?? -1;
  if (!(confidence >= 0 && confidence <= 1)) issues.push('`confidence` must be a number from 0 to 1.');
  const reasons = textsIn(value, 'reasons') ?? [];
  if (reasons.length === 0) issues.push('`reasons` must be a list of at least one text.');
  if (issues.length > 0) return { issues };
  const ranking = [...new Set(wanted.map((each) => choiceOf(each, choices) ?? each.slice(0, maxChoiceLength)))];
  const short = reasons.slice(0, maxReasons).map((reason) => reason.slice(0, maxReasonLength));
  return { value: { choice: ranking[0] ?? '', ranking, confidence, reasons: short } };
};

/** The one of the choices that a text names. */
const choiceOf = (text: string, choices: readonly string[]): string | undefined =>
  choices.find((choice) => choice === text) ?? choices.find((choice) => choice.toLowerCase() === text.toLowerCase());

/** The position in the text of a member, or what is wrong with it. */
export const readPosition = (text: string, choices: readonly string[]): Read<Position> => {
  try {
    return readValue(parseJson(text), choices);
  } catch {
    return { issues: ['It must be JSON and nothing else.'] };
  }
};

/** The same positions, with choices that say the same in other words written as the first of them did. */
export const unified = <P extends Position>(positions: readonly P[]): readonly P[] => {
  const known = new Map<string, string>();
  const wordOf = (choice: string): string => {
    const key = normalizeAnswer(choice);
    const first = known.get(key) ?? choice;
    known.set(key, first);
    return first;
  };
  return positions.map((position) => {
    const ranking = [...new Set(position.ranking.map(wordOf))];
    return { ...position, ranking, choice: ranking[0] ?? position.choice };
  });
};

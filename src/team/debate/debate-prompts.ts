import { type Hit, type Message, user } from '../../core/index.js';
import { dataBlock, listed } from './prompt-data.js';
import { markedClaims, type Statement } from './statement.js';

/** The passages under their numbers, as data. */
export const passagesBlock = (sources: readonly Hit[]): string =>
  dataBlock(
    'The passages',
    sources.map(({ title, text }, at) => ({ number: at + 1, ...(title === undefined ? {} : { title }), text })),
  );

export interface OpeningParts {
  readonly name: string;
  readonly others: readonly string[];
  /** Undefined: it chooses one. */
  readonly position: string | undefined;
  readonly sources: readonly Hit[];
  readonly maxWords: number;
}

const evidenceRule = (sources: readonly Hit[]): string =>
  sources.length === 0
    ? 'There are no passages to cite: say plainly what you know and what you assume.'
    : 'Behind every claim put the number of the passage that says so, like this: [1]. Each is checked: a claim without one, or whose ' +
      'passage does not say it, is marked as not backed for the judge.';

/** The first task of a side: it speaks before it hears anybody. */
export const opening = ({ name, others, position, sources, maxWords }: OpeningParts): Message =>
  user(
    listed([
      `You are ${name} in a debate with ${others.join(' and ')} on the question above.`,
      position === undefined
        ? 'Choose the position that is best supported. The first line of your statement must be `Position: …`.'
        : `You argue for this position: ${position}`,
      evidenceRule(sources),
      sources.length > 0 && `\n${passagesBlock(sources)}\n`,
      `Give your opening statement, in at most ${maxWords} words. The others give theirs at the same time.`,
    ]),
  );

/** What one of the others said, and what of it is not backed. */
export interface HeardStatement {
  readonly side: string;
  readonly round: number;
  readonly statement: Statement;
}

const heardBlock = (heard: readonly HeardStatement[]): string =>
  dataBlock(
    'What the others said since you spoke last',
    heard.map(({ side, round, statement }) => ({
      side,
      round,
      ...(statement.position === undefined ? {} : { position: statement.position }),
      text: statement.text,
      notBacked: markedClaims(statement)
        .filter(({ isBacked }) => !isBacked)
        .map(({ text }) => text),
    })),
  );

export interface ReplyParts {
  readonly heard: readonly HeardStatement[];
  readonly isLast: boolean;
  readonly others: readonly string[];
  readonly maxWords: number;
}

export const reply = ({ heard, isLast, others, maxWords }: ReplyParts): Message =>
  user(
    listed([
      heardBlock(heard),
      '',
      isLast
        ? 'Give your closing statement: what is left of your case, and nothing new.'
        : 'Answer the strongest points against you, and show what does not hold in theirs.',
      `At most ${maxWords} words, with passages as before. Only if they have convinced you, make the first line \`Concede: \` and the name of ${others.join(' or ')}.`,
    ]),
  );

import { checkSchema, PipewrightError, type Run, type RunKey, runKey, type Schema } from '../core/index.js';

const mark: unique symbol = Symbol.for('pipewright.pause') as never;

/** What a node resolves to when a person, or another system, must say something first. */
export interface Pause {
  readonly [mark]: true;
  /** What is asked, as plain data. */
  readonly question: unknown;
  /** What the node will need to go on, as plain data. */
  readonly kept?: unknown;
}

/**
 * Pauses a graph: a node resolves to `pause(question)`, and runs again once there is an answer, which `answerIn(run)` gives it.
 * Both are plain data.
 * @example pause({ text: 'Send it?' }).question // => { text: 'Send it?' }
 */
export const pause = (question: unknown, kept?: unknown): Pause => ({
  [mark]: true,
  question,
  ...(kept === undefined ? {} : { kept }),
});

export const isPause = (value: unknown): value is Pause => typeof value === 'object' && value !== null && mark in value;

/** What a node that has paused goes on with. */
export interface Resumed {
  readonly answer: unknown;
  readonly kept: unknown;
}

export const resumedKey: RunKey<Resumed> = runKey('resumed');

/** Stands where a graph inside a resumed node has nodes of its own, which have not paused. */
export const notResumed: Resumed = { answer: undefined, kept: undefined };

export const resumedIn = (run: Run): Resumed | undefined => {
  const resumed = run.get(resumedKey);
  return resumed === notResumed ? undefined : resumed;
};

/**
 * The answer to the question with which this node has paused, checked against a schema; undefined where it has not paused yet.
 * @throws {PipewrightError} `bad-input` when the answer does not fit: then the node waits on, and another answer may be given.
 * @example await answerIn(createRun(), z.boolean()) // => undefined
 */
export const answerIn = async <A>(run: Run, schema: Schema<A>): Promise<A | undefined> => {
  const resumed = resumedIn(run);
  if (resumed === undefined) return undefined;
  const checked = await checkSchema(schema, resumed.answer);
  if (checked.isValid) return checked.value;
  const message = `The answer does not fit: ${checked.issues.join('; ')}. Resume with another one.`;
  throw new PipewrightError('bad-input', message, { details: { issues: checked.issues } });
};

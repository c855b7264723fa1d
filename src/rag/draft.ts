import { callInSpan, messageOf, type Run, type RunEvent, type StepLike } from '../core/index.js';
import type { Answer, Question } from './types.js';

/** What is done with an answer that is not kept: `retract`, it is shown while it is written and withdrawn; `hide`, never shown. */
export type OnRejected = 'retract' | 'hide';

/** An answer that may not be the one that counts. */
export interface Draft {
  readonly answer: Answer;
  /** Makes it the answer that the listener has seen. */
  readonly keep: () => void;
  /** Withdraws what the listener has seen of it. */
  readonly reject: (reason: string) => void;
}

const shownTypes: ReadonlySet<RunEvent['type']> = new Set<RunEvent['type']>([
  'text-delta',
  'reasoning-delta',
  'tool-call-delta',
  'tool-call',
  'retract',
  'sources-found',
]);

/** Which events pass where nothing of an answer is to be seen. */
export const isNotShown = ({ type }: RunEvent): boolean => !shownTypes.has(type);

/** Asks for an answer in a span of its own. One that fails withdraws what it has shown. */
export const draftOf = async (
  answerer: StepLike<Question, Answer>,
  question: Question,
  run: Run,
  { name, onRejected }: { readonly name: string; readonly onRejected: OnRejected },
): Promise<Draft> => {
  if (!run.isWatched) return { answer: await answerer(question, run), keep: nothing, reject: nothing };
  const child = run.child(name, onRejected === 'hide' ? { passes: isNotShown } : {});
  let isVisible = onRejected === 'retract';
  const reject = (reason: string): void => {
    if (isVisible) child.emit({ type: 'retract', reason });
    isVisible = false;
  };
  try {
    const answer = await callInSpan(answerer, question, child);
    const keep = (): void => {
      if (isVisible) return;
      isVisible = true;
      run.emit({ type: 'sources-found', hits: answer.sources });
      run.emit({ type: 'text-delta', text: answer.text });
    };
    return { answer, keep, reject };
  } catch (error) {
    reject(`No answer came of it: ${messageOf(error)}`);
    throw error;
  }
};

const nothing = (): void => undefined;

/**
 * Calls a step that only helps (a grader, a critic); where it fails or says what it may not, another does its work and the run
 * gets a warning. An abort is no failure.
 */
export const orElse = async <T>(
  what: string,
  run: Run,
  work: () => T | Promise<T>,
  instead: () => T | Promise<T>,
): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    run.throwIfAborted();
    run.emit({ type: 'warning', message: `${what} failed: ${messageOf(error)}` });
    return instead();
  }
};

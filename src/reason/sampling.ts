import { callInSpan, isPipewrightError, raceAbort, type Run, type StepLike, withoutText } from '../core/index.js';

/** What became of one call of a step that is called several times. */
export type Sample<Out> =
  | { readonly status: 'answered'; readonly output: Out }
  | { readonly status: 'failed'; readonly error: unknown }
  /** It was under way when no more was needed. */
  | { readonly status: 'cancelled' }
  | { readonly status: 'not-started' };

export interface SamplingLimits {
  readonly most: number;
  readonly concurrency: number;
  /** Sampling ends when failures make it impossible to reach so many answers. */
  readonly quorum: number;
}

export interface Sampled<Out> {
  readonly samples: readonly Sample<Out>[];
  readonly stopped: 'all' | 'decided' | 'budget';
}

/** Whether a further call would be refused as well. */
export const isOverBudget = (error: unknown): boolean =>
  isPipewrightError(error) && (error.code === 'budget-exceeded' || error.code === 'price-unknown');

/**
 * Calls a step several times with the same input. `isEnough` is asked after each answer, with what there is and how many may still
 * come; when it says so, what runs is cancelled. Samples that fail are outcomes; an abort of the run is not.
 */
export const sampling = async <In, Out>(
  step: StepLike<In, Out>,
  input: In,
  run: Run,
  { most, concurrency, quorum }: SamplingLimits,
  isEnough: (samples: readonly Sample<Out>[], left: number) => boolean,
): Promise<Sampled<Out>> => {
  using group = run.scope();
  const quiet = withoutText(group.run);
  const samples = Array.from({ length: most }, (): Sample<Out> => ({ status: 'not-started' }));
  let next = 0;
  let settled = 0;
  let failed = 0;
  let stopped: Sampled<Out>['stopped'] = 'all';
  let isOver = false;

  const end = (): void => {
    isOver = true;
    if (stopped === 'all') stopped = 'decided';
    group.abort(new DOMException('No further sample is needed.', 'AbortError'));
  };
  const take = (at: number, sample: Sample<Out>): void => {
    samples[at] = sample;
    settled++;
    run.emit({ type: 'progress', label: 'samples', done: settled, total: most });
    if (sample.status === 'failed') {
      failed++;
      if (isOverBudget(sample.error)) stopped = 'budget';
    }
    const left = (stopped === 'budget' ? next : most) - settled;
    if (left > 0 && (most - failed < quorum || isEnough(samples, left))) end();
  };
  const sampleOf = async (at: number): Promise<Sample<Out>> => {
    try {
      const child = quiet.child(`sample ${at + 1}`);
      return { status: 'answered', output: await raceAbort(callInSpan(step, input, child), group.run) };
    } catch (error) {
      run.throwIfAborted();
      return { status: 'failed', error };
    }
  };
  const worker = async (): Promise<void> => {
    while (next < most && stopped === 'all') {
      run.throwIfAborted();
      const at = next++;
      samples[at] = { status: 'cancelled' };
      const sample = await sampleOf(at);
      if (isOver) return;
      take(at, sample);
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(concurrency, most) }, worker));
  } catch (error) {
    // A weight that is none: the others must not go on.
    group.abort(error);
    throw error;
  }
  return { samples, stopped };
};

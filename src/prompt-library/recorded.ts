import {
  type AnyStep,
  callStep,
  type Decorated,
  decorate,
  messageOf,
  type Run,
  type StepInput,
  type StepLike,
  type StepOutput,
} from '../core/index.js';
import { usedVersions } from './library.js';
import type { PromptOutcome } from './stats.js';
import type { PromptLibrary, VersionRef } from './types.js';

export interface RecordedOptions<In, Out> {
  readonly library: Pick<PromptLibrary, 'record'>;
  /** How good an output is: 1 is right, 0 is wrong. @default not told; `library.record` may tell it later */
  readonly quality?: StepLike<{ readonly input: In; readonly output: Out }, number>;
}

/** What a call took, and whether it ended well. */
const measure = async <T>(run: Run, work: (inner: Run) => Promise<T> | T) => {
  // A meter of its own, without a limit, counts what is spent inside and passes it on.
  const inner = run.with({ budget: {} });
  const startedMs = run.clock.now();
  const took = (): PromptOutcome => {
    const { usage, costUsd, calls, isCostPartial } = inner.meter.spent;
    return {
      durationMs: run.clock.now() - startedMs,
      ...(calls === 0 ? {} : { tokens: usage.inputTokens + usage.outputTokens }),
      ...(calls === 0 || isCostPartial ? {} : { costUsd }),
    };
  };
  try {
    return { output: await work(inner), took: took() };
  } catch (error) {
    return { error, took: { ...took(), isFailure: true } };
  }
};

/**
 * Records each call of a step in the library: time, tokens, cost, failure and, where it is told how, quality, under every version
 * of a prompt of the library that the call used. A call that its caller aborted is left out. What cannot be recorded is a
 * `warning`; the call goes on.
 * @example
 * const library = promptLibrary({ store: memoryStore() });
 * await library.save('greeting', 'Say hello to {name}.');
 * await recorded(pipe(library.prompt('greeting'), scripted(['Hello, Ann!'])), { library })({ name: 'Ann' });
 * (await library.stats('greeting')).uses // => 1
 */
export const recorded = <S extends AnyStep>(
  step: S,
  options: RecordedOptions<StepInput<S>, StepOutput<S>>,
): Decorated<S> => {
  const { library, quality } = options;
  return decorate(step, { kind: 'recorded' }, async (input, run, inner) => {
    const used = new Map<string, VersionRef>();
    const note = (ref: VersionRef): void => void used.set(`${ref.version} ${ref.name}`, ref);
    // Whoever records around this one hears of them too.
    const above = run.get(usedVersions);
    const hear = (ref: VersionRef): void => {
      note(ref);
      above?.(ref);
    };
    const values = new Map([[usedVersions, hear]]);
    const result = await measure(run.with({ values }), (measured) => callStep(inner, input, measured));
    run.throwIfAborted();
    try {
      const score =
        'error' in result || quality === undefined
          ? undefined
          : await callStep(quality, { input, output: result.output as StepOutput<S> }, run, 'quality');
      const outcome = score === undefined ? result.took : { ...result.took, quality: score };
      await Promise.all([...used.values()].map((ref) => library.record(ref, outcome)));
    } catch (error) {
      run.throwIfAborted();
      run.emit({ type: 'warning', message: `What came of the call was not recorded: ${messageOf(error)}` });
    }
    if ('error' in result) throw result.error;
    return result.output;
  });
};

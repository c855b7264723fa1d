import {
  type AnyStep,
  checkAtLeast,
  isPipewrightError,
  named,
  PipewrightError,
  type Run,
  type Schema,
  type Step,
} from '../core/index.js';
import { fallback, timeout } from '../resilience/index.js';
import { type Tool, tool } from './tool.js';
import { type ToolMetrics, toolMetrics } from './tool-metrics.js';

export interface ReliableToolOptions<Out> {
  /** What is known of the tools; give the same to several, or read it. @default its own */
  readonly metrics?: ToolMetrics;
  /** Failures that are longer ago no longer count: the tool is tried again in its turn. @default 600000 */
  readonly recentMs?: number;
  /** Whether an output is of use. Where it is not the next tool is asked, and the first output stands in for want of a better. @default yes */
  readonly isUseful?: (output: Out) => boolean;
  /** Whether the next may be tried after this failure. @default after one of a tool that changes nothing, and where it did not run */
  readonly shouldSwitch?: (error: unknown, failed: Tool) => boolean;
}

interface Alternative<In, Out> {
  readonly tool: Tool<In, Out>;
  readonly limited: Step<In, Out>;
}

/** A tool that changes something and failed may have done half of it: doing it once more with another is no repair. */
const mayBeTriedElsewhere = (error: unknown, failed: Tool): boolean =>
  failed.isReadOnly || (isPipewrightError(error) && (error.code === 'bad-input' || error.code === 'not-allowed'));

/** The tools with the most reliable first; those that are equally so in the order in which they were given. */
const inOrder = <In, Out>(
  alternatives: readonly Alternative<In, Out>[],
  metrics: ToolMetrics,
  sinceMs: number,
): readonly Alternative<In, Out>[] => {
  // A tenth more or less is chance, and no reason to leave the tool that was meant first.
  const gradeOf = ({ tool: { name } }: Alternative<In, Out>): number =>
    Math.round(metrics.reliability(name, sinceMs) * 10);
  const graded = alternatives.map((alternative) => ({ alternative, grade: gradeOf(alternative) }));
  return graded.sort((a, b) => b.grade - a.grade).map(({ alternative }) => alternative);
};

type Settings<Out> = Required<ReliableToolOptions<Out>>;

const callInTurn = async <In, Out>(
  alternatives: readonly Alternative<In, Out>[],
  input: In,
  { metrics, recentMs, isUseful, shouldSwitch }: Settings<Out>,
  run: Run,
): Promise<Out> => {
  let asked: Tool<In, Out> | undefined;
  let spare: { readonly output: Out } | undefined;
  const turns = inOrder(alternatives, metrics, run.clock.now() - recentMs);
  const chosen = turns[0]?.tool;
  if (chosen !== undefined && chosen !== alternatives[0]?.tool) {
    run.emit({ type: 'choice-made', chosen: chosen.name, reason: 'It failed less often of late.' });
  }
  const steps = turns.map(({ tool: each, limited }) =>
    named(each.name, async (given: In, inner: Run): Promise<Out> => {
      asked = each;
      const output = await limited(given, inner);
      if (isUseful(output)) return output;
      spare ??= { output };
      throw new PipewrightError('not-found', `\`${each.name}\` gave nothing of use.`);
    }),
  );
  const [first, ...others] = steps;
  if (first === undefined) throw new PipewrightError('bad-option', 'There is no tool to choose from.');
  const mayGoOn = (error: unknown): boolean => spare !== undefined || asked === undefined || shouldSwitch(error, asked);
  // `fallback` reads what goes in and out from the type of a step, which it cannot of one that is still open.
  const inTurn = fallback([first as AnyStep, ...others], { shouldSwitch: mayGoOn }) as unknown as Step<In, Out>;
  try {
    return await inTurn(input, run);
  } catch (error) {
    run.throwIfAborted();
    if (spare === undefined) throw error;
    return spare.output;
  }
};

/**
 * One tool of several that can do the same: the most reliable of late is asked first, and the next one where it fails, or where its
 * output is of no use. Name, description and arguments are those of the first. A failed tool that changes something is not followed
 * by another, unless it did not run. Costs up to one call of each.
 * @throws {PipewrightError} `bad-option`; the step throws the failure of the only tool that was tried, or an error with all of them.
 * @example
 * const slow = tool({ name: 'old', description: '', input: z.object({}), isReadOnly: true, run: () => { throw new Error('down'); } });
 * const fast = tool({ name: 'new', description: '', input: z.object({}), isReadOnly: true, run: () => 'here' });
 * await reliableTool([slow, fast])({}) // => 'here'
 */
export const reliableTool = <In, Out>(
  tools: readonly [Tool<In, Out>, ...Tool<In, Out>[]],
  options: ReliableToolOptions<Out> = {},
): Tool<In, Out> => {
  const { metrics = toolMetrics(), recentMs = 600_000, isUseful = () => true } = options;
  const settings = { metrics, recentMs, isUseful, shouldSwitch: options.shouldSwitch ?? mayBeTriedElsewhere };
  checkAtLeast('recentMs', recentMs, 1);
  if (new Set(tools.map(({ name }) => name)).size < tools.length) {
    throw new PipewrightError(
      'bad-option',
      'Two of the tools have one name, and their figures would be mixed. Rename one.',
    );
  }
  const [main] = tools;
  const alternatives = tools.map((each): Alternative<In, Out> => {
    const measured = metrics.measure(each as unknown as Tool) as unknown as Tool<In, Out>;
    return { tool: each, limited: timeout(measured as Step<In, Out>, { totalMs: each.timeoutMs }) };
  });
  return tool<In, Out>({
    name: main.name,
    description: main.description,
    input: main.input as Schema<In>,
    isReadOnly: tools.every(({ isReadOnly }) => isReadOnly),
    isOutward: tools.some(({ isOutward }) => isOutward),
    isUntrusted: tools.some(({ isUntrusted }) => isUntrusted),
    timeoutMs: tools.reduce((sum, { timeoutMs }) => sum + timeoutMs, 0),
    maxResultLength: Math.max(...tools.map(({ maxResultLength }) => maxResultLength)),
    run: (input, run) => callInTurn(alternatives, input, settings, run),
  });
};

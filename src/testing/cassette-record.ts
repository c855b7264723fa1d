import {
  type AnyStep,
  checkAtLeast,
  type Decorated,
  decorate,
  type Run,
  type RunEvent,
  type RunEventBody,
  type Span,
  type StepInput,
  type StepLike,
} from '../core/index.js';
import {
  type CassetteWriter,
  cassetteWriter,
  errorOf,
  labelOf,
  type RecordedEvent,
  type RecordedSpan,
  type Recording,
} from './cassette-file.js';
import { toJson } from './cassette-json.js';

export interface RecordOptions {
  /** How large the file may grow. @default 16 MiB */
  readonly maxBytes?: number;
}

export const defaultMaxBytes: number = 16 * 1024 * 1024;

/**
 * Records every call of a step as a line of JSON behind those that the file has: input, events with their times, and output or
 * error, without secrets. The step keeps its type and properties. Calls that are cancelled are not recorded. A call that the
 * file has no room for rejects with `bad-input`.
 * @example const model = record(openai('gpt-5-mini'), 'greeting.jsonl')
 */
export const record = <S extends AnyStep>(step: S, path: string, options: RecordOptions = {}): Decorated<S> => {
  const { maxBytes = defaultMaxBytes } = options;
  checkAtLeast('maxBytes', maxBytes, 1);
  const writer = cassetteWriter({ path, label: labelOf(step), maxBytes, isAnew: false, isLabelled: false });
  return decorate(step, { kind: 'record' }, (input, run) => recordCall(step, input, run, writer));
};

/** Makes one call and writes it down, also when it fails. */
export const recordCall = async <S extends AnyStep>(
  step: S,
  input: StepInput<S>,
  run: Run,
  writer: CassetteWriter,
  onRecorded?: (recording: Recording) => void,
): Promise<unknown> => {
  const json = toJson(input);
  const { events, spans, watched } = watching(run);
  const write = async (outcome: Pick<Recording, 'output' | 'error'>): Promise<void> => {
    const recording: Recording = { type: 'call', input: json, spans, events, ...outcome };
    await writer.write(recording);
    onRecorded?.(recording);
  };
  let output: unknown;
  try {
    output = await (step as unknown as StepLike<StepInput<S>, unknown>)(input, watched);
  } catch (error) {
    if (!run.signal.aborted) await write({ error: errorOf(error) });
    throw error;
  }
  await write({ output: toJson(output) });
  return output;
};

/** Events that a caller may see or count; those of steps inside are told by the steps themselves. */
const recordedTypes: ReadonlySet<RunEvent['type']> = new Set<RunEvent['type']>([
  'text-delta',
  'reasoning-delta',
  'tool-call-delta',
  'tool-call',
  'retract',
  'usage',
  'sources-found',
  'progress',
  'warning',
  'custom',
]);

const bodyOf = ({ span: _span, atMs: _atMs, ...body }: RunEvent): RunEventBody => body;

interface Watching {
  readonly events: readonly RecordedEvent[];
  readonly spans: readonly RecordedSpan[];
  readonly watched: Run;
}

const watching = (run: Run): Watching => {
  const events: RecordedEvent[] = [];
  const spans: RecordedSpan[] = [];
  const startedMs = run.clock.now();
  const numbers = new Map<Span, number>([[run.span, 0]]);
  const numberOf = (span: Span): number => {
    const known = numbers.get(span);
    if (known !== undefined) return known;
    const inside = span.parent === undefined ? 0 : numberOf(span.parent);
    const number = spans.push({ name: span.name, inside });
    numbers.set(span, number);
    return number;
  };
  const on = (event: RunEvent): void => {
    if (!recordedTypes.has(event.type)) return;
    events.push({ afterMs: event.atMs - startedMs, span: numberOf(event.span), event: toJson(bodyOf(event)) });
  };
  return { events, spans, watched: run.with({ on }) };
};

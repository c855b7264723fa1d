import { existsSync, statSync } from 'node:fs';
import {
  type AnyStep,
  checkAtLeast,
  type Decorated,
  decorate,
  defineStepWith,
  PipewrightError,
  type Run,
} from '../core/index.js';
import { type Cassette, cassetteWriter, type Label, labelOf, loadCassette } from './cassette-file.js';
import { fromJson } from './cassette-json.js';
import { type InputKey, player, playRecording, type UnusedCall } from './cassette-player.js';
import { defaultMaxBytes, recordCall } from './cassette-record.js';

export interface ReplayOptions {
  /**
   * What of an input makes it the same as a recorded one: `({ messages }: ChatRequest) => messages` finds calls again whatever else has
   * changed. @default the whole input
   */
  readonly match?: InputKey;
  /** How many times faster than recorded events come, on the run's clock; 1 is as it was. @default Infinity: no waiting */
  readonly speed?: number;
}

/** Which recordings no call asked for. */
export interface Replayed {
  /** In the order of the file; each answer counts by itself where an input was recorded more than once. */
  readonly unused: () => readonly UnusedCall[];
}

/**
 * A step that answers from a cassette, with the properties of the step that was recorded: the same input gets the same events
 * and the same output or error. An input that was recorded more than once gets its answers in order, the last one again and
 * again. Reads the file at once. Calls reject with `cassette-mismatch` for an input that was not recorded.
 * @throws {PipewrightError} `not-found` when there is no file; `store-damaged` or `store-newer` when it cannot be read.
 * @example const model = replay<ChatModel>('greeting.jsonl')
 */
export const replay = <S extends AnyStep = (input: unknown, run?: Run) => Promise<unknown>>(
  path: string,
  options: ReplayOptions = {},
): S & Replayed => {
  const speed = checkedSpeed(options);
  const { label, calls } = loadCassette(path);
  const tape = player(path, calls, options.match);
  const step = defineStepWith<unknown, unknown, object>(
    { kind: 'replay', name: label.name },
    { ...(fromJson(label.properties) as object), unused: tape.unused },
    async (input, run) => {
      const recording = tape.take(input);
      if (recording === undefined) throw tape.mismatch(input);
      return playRecording(recording, run, speed);
    },
  );
  return step as unknown as S & Replayed;
};

const checkedSpeed = ({ speed = Number.POSITIVE_INFINITY }: ReplayOptions): number => {
  if (speed > 0) return speed;
  throw new PipewrightError('bad-option', `\`speed\` must be greater than 0, got ${speed}.`);
};

/** `replay` calls nobody; `record` records everything anew; `auto` records what was not recorded yet. */
export type CassetteMode = 'replay' | 'record' | 'auto';

export interface CassetteOptions extends ReplayOptions {
  /** @default the environment variable PIPEWRIGHT_CASSETTES, else 'auto' */
  readonly mode?: CassetteMode;
  /** How large the file may grow. @default 16 MiB */
  readonly maxBytes?: number;
}

/**
 * A step whose calls come from a cassette or go into it, by its mode. Calls reject with `cassette-mismatch` in the mode `replay` for
 * an input that was not recorded.
 * @throws {PipewrightError} as `replay`, and `cassette-mismatch` when the cassette is of another step: it is stale.
 * @example const model = cassette(openai('gpt-5-mini'), 'greeting.jsonl')
 */
export const cassette = <S extends AnyStep>(
  step: S,
  path: string,
  options: CassetteOptions = {},
): Decorated<S> & Replayed => {
  const { maxBytes = defaultMaxBytes, match } = options;
  checkAtLeast('maxBytes', maxBytes, 1);
  const speed = checkedSpeed(options);
  const mode = modeOf(options.mode ?? process.env.PIPEWRIGHT_CASSETTES ?? 'auto');
  const label = labelOf(step);
  const loaded = mode === 'record' || (mode === 'auto' && isNew(path)) ? undefined : loadFor(path, label);
  const tape = player(path, loaded?.calls ?? [], match);
  const writer = cassetteWriter({ path, label, maxBytes, isAnew: mode === 'record', isLabelled: loaded !== undefined });
  const decorated = decorate(step, { kind: 'cassette', details: { mode } }, async (input, run) => {
    const recording = mode === 'record' ? undefined : tape.take(input);
    if (recording !== undefined) return playRecording(recording, run, speed);
    if (mode === 'replay') throw tape.mismatch(input);
    return recordCall(step, input, run, writer, mode === 'auto' ? tape.add : undefined);
  });
  return Object.assign(decorated, { unused: tape.unused });
};

const modeOf = (mode: string): CassetteMode => {
  if (mode === 'replay' || mode === 'record' || mode === 'auto') return mode;
  throw new PipewrightError(
    'bad-option',
    `The mode of a cassette must be 'replay', 'record' or 'auto', got '${mode}'. It is the option \`mode\`, else PIPEWRIGHT_CASSETTES.`,
  );
};

const isNew = (path: string): boolean => !existsSync(path) || statSync(path).size === 0;

const loadFor = (path: string, { kind, name }: Label): Cassette => {
  const loaded = loadCassette(path);
  const { label } = loaded;
  if (label.kind === kind && label.name === name) return loaded;
  throw new PipewrightError(
    'cassette-mismatch',
    `${path} was recorded from the ${label.kind} ${label.name}, not from the ${kind} ${name}. Record it again: PIPEWRIGHT_CASSETTES=record.`,
    { details: { where: path } },
  );
};

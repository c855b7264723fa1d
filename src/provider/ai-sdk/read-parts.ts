import type { Run, Usage } from '../../core/index.js';
import type { FinishReason, ModelEvent } from '../../model/index.js';
import { citationReader } from './citations.js';
import { filePart } from './files.js';
import { mergeMetadata, opaqueOf } from './metadata.js';
import type { AiSdkMetadata } from './spec.js';
import { type ToolInputReader, toolInputReader } from './tool-input.js';
import type { WireFinish, WireGenerated, WirePart, WireUsage, WireWarning } from './wire.js';

/** Turns the parts of one reply into our events. */
export interface PartReader {
  readonly take: (part: WirePart) => readonly ModelEvent[];
}

interface Reading {
  readonly provider: string;
  readonly run: Run;
  readonly calls: ToolInputReader;
  readonly citations: ReturnType<typeof citationReader>;
  /** What came with the stretches of reasoning that are open, by id. */
  readonly reasoning: Map<string, AiSdkMetadata | undefined>;
}

export const partReader = (provider: string, run: Run): PartReader => {
  const calls = toolInputReader((message) => run.emit({ type: 'warning', message }));
  const reading: Reading = { provider, run, calls, citations: citationReader(), reasoning: new Map() };
  return { take: (part) => takePart(reading, part) };
};

const takePart = (reading: Reading, part: WirePart): readonly ModelEvent[] => {
  const { provider, calls, citations } = reading;
  const { type, id = '', delta = '', text = '' } = part;
  switch (type) {
    case 'stream-start':
      warn(reading.run, part.warnings ?? []);
      return [];
    case 'response-metadata':
      return part.modelId === undefined ? [] : [{ type: 'response-start', model: part.modelId }];
    case 'text-start':
      return citations.startText(id);
    case 'text-delta':
      return citations.addText(delta);
    case 'text-end':
      return citations.endText(id, part.citations);
    case 'text':
      return [...citations.startText(id), ...citations.addText(text), ...citations.endText(id, part.citations)];
    case 'tool-input-start':
    case 'tool-input-delta':
    case 'tool-call':
      return part.type === 'tool-call' && part.providerExecuted ? whole(provider, part) : calls.take(part);
    case 'source':
      return citations.addSource(part);
    case 'file':
      return [{ type: 'part', part: filePart(part) }];
    case 'tool-result':
    case 'custom':
    case 'reasoning-file':
      return whole(provider, part);
    case 'finish':
      return finish(part, citations.end(), calls.hasCalls());
    case 'error':
      throw part.error;
    default:
      return takeReasoning(reading, part);
  }
};

const takeReasoning = ({ reasoning }: Reading, part: WirePart): readonly ModelEvent[] => {
  const { type, id = '', delta = '', text = '', providerMetadata } = part;
  const all = mergeMetadata(reasoning.get(id), providerMetadata);
  switch (type) {
    case 'reasoning-start':
      reasoning.set(id, providerMetadata);
      // It may stay without any text; the delta opens a part for it all the same.
      return [{ type: 'reasoning-delta', text: '' }];
    case 'reasoning-delta':
      reasoning.set(id, all);
      return delta === '' ? [] : [{ type: 'reasoning-delta', text: delta }];
    case 'reasoning-end':
      reasoning.delete(id);
      return [reasoningEnd(all)];
    case 'reasoning':
      return [{ type: 'reasoning-delta', text }, reasoningEnd(providerMetadata)];
    default:
      // A ping, a raw chunk, or something that this version does not know.
      return [];
  }
};

const reasoningEnd = (metadata: AiSdkMetadata | undefined): ModelEvent => {
  const opaque = opaqueOf(metadata);
  return { type: 'reasoning-end', ...(opaque === undefined ? {} : { opaque }) };
};

/** What only the model's own provider understands, in the form that a prompt has for it. */
const whole = (provider: string, part: WirePart): readonly ModelEvent[] => {
  const { providerMetadata, input, result, isError, ...rest } = part;
  const data = {
    ...rest,
    ...(input === undefined ? {} : { input: parsedInput(input) }),
    ...(part.type === 'tool-result'
      ? { output: { type: isError ? 'error-json' : 'json', value: result ?? null } }
      : {}),
    ...(providerMetadata === undefined ? {} : { providerOptions: providerMetadata }),
  };
  return [{ type: 'part', part: { type: 'provider', provider, data } }];
};

const parsedInput = (input: string): unknown => {
  try {
    return JSON.parse(input);
  } catch {
    // The provider ran the call; it knows what it made of this.
    return input;
  }
};

const warn = (run: Run, warnings: readonly WireWarning[]): void => {
  for (const { type, feature, setting, details, message } of warnings) {
    const what = feature ?? setting;
    const about = what === undefined ? '' : `\`${what}\` (${type})`;
    run.emit({ type: 'warning', message: [about, details ?? message ?? ''].filter((text) => text !== '').join(': ') });
  }
};

const finishReasons: ReadonlyMap<string, FinishReason> = new Map([
  ['stop', 'stop'],
  ['length', 'length'],
  ['content-filter', 'content-filter'],
  ['tool-calls', 'tool-call'],
]);

const finish = (
  { usage, finishReason }: WirePart,
  late: readonly ModelEvent[],
  hasCalls: boolean,
): readonly ModelEvent[] => {
  const figures = usage === undefined ? undefined : usageOf(usage);
  const told: readonly ModelEvent[] = figures === undefined ? late : [...late, { type: 'usage', usage: figures }];
  if (isCut(finishReason)) return told;
  const reason = finishReasons.get(unifiedOf(finishReason)) ?? 'other';
  // Servers say "stop" of a call that they were told to make.
  return [...told, { type: 'finish', reason: reason === 'stop' && hasCalls ? 'tool-call' : reason }];
};

const unifiedOf = (reason: WireFinish | undefined): string =>
  typeof reason === 'object' ? reason.unified : (reason ?? 'unknown');

/** Models say so, or say "other" of their own accord, when a stream ended without a reason. */
const isCut = (reason: WireFinish | undefined): boolean => {
  const unified = unifiedOf(reason);
  if (unified === 'interrupted' || unified === 'unknown' || unified === 'error') return true;
  return unified === 'other' && typeof reason === 'object' && reason.raw === undefined;
};

/** Undefined where the model did not say. */
const usageOf = (wire: WireUsage): Usage | undefined => {
  const input = typeof wire.inputTokens === 'object' && wire.inputTokens !== null ? wire.inputTokens : undefined;
  const output = typeof wire.outputTokens === 'object' && wire.outputTokens !== null ? wire.outputTokens : undefined;
  const inputTokens = input === undefined ? wire.inputTokens : input.total;
  const outputTokens = output === undefined ? wire.outputTokens : output.total;
  if (typeof inputTokens !== 'number' || typeof outputTokens !== 'number') return undefined;
  const cachedInputTokens = input?.cacheRead ?? wire.cachedInputTokens;
  const cacheWriteTokens = input?.cacheWrite;
  const reasoningTokens = output?.reasoning ?? wire.reasoningTokens;
  return {
    inputTokens,
    outputTokens,
    ...(typeof cachedInputTokens === 'number' ? { cachedInputTokens } : {}),
    ...(typeof cacheWriteTokens === 'number' ? { cacheWriteTokens } : {}),
    ...(typeof reasoningTokens === 'number' ? { reasoningTokens } : {}),
  };
};

/** A reply in one piece, as the parts of a stream that it amounts to. */
export const partsOfReply = (reply: WireGenerated): readonly WirePart[] => {
  const { content, warnings = [], usage, finishReason, response } = reply;
  return [
    { type: 'stream-start', warnings },
    ...(response?.modelId === undefined ? [] : [{ type: 'response-metadata', modelId: response.modelId }]),
    ...content,
    {
      type: 'finish',
      ...(usage === undefined ? {} : { usage }),
      ...(finishReason === undefined ? {} : { finishReason }),
    },
  ];
};

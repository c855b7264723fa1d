import {
  type CacheLifetime,
  checkAtLeast,
  defineStep,
  type Message,
  type Part,
  partsOf,
  PipewrightError,
  type Run,
  type Step,
} from '../core/index.js';
import { tokenCounter, type ToolDefinition } from '../model/index.js';
import { type FittedLayer, fitLayer, type LayerInput, textSeparator, wholeTokens } from './fit-layer.js';
import { isMessages, type LayerContent, type LayerReport, type LayerSettings, standardLayers } from './layer.js';

export interface LayeredContextOptions<Name extends string = keyof typeof standardLayers> {
  /** The window of the model, or as much of it as the request may take: messages, tools and reserve together. */
  readonly maxTokens: number;
  /** By name, in the order in which they stand. @default standardLayers */
  readonly layers?: Readonly<Record<Name, LayerSettings>>;
  /** Whose tokens. @default 'gpt-5' */
  readonly model?: string;
  /** Room that stays free for the reply. @default 0 */
  readonly reserveTokens?: number;
  /** Tools that go with the messages. @default none */
  readonly tools?: readonly ToolDefinition[];
}

export interface LayeredContext<Name extends string = string> {
  readonly messages: readonly Message[];
  /** What messages and tools take, by the count of `tokenCounter`. With the reserve never above `maxTokens`. */
  readonly tokens: number;
  /** Of each layer that was given something, in order. */
  readonly layers: readonly LayerReport<Name>[];
}

/** What the layers hold this time; one may be left out. */
export type LayerContents<Name extends string> = { readonly [K in Name]?: LayerContent | undefined };

/** A layer with its content, what it takes whole, and what became of it. */
interface Filled extends LayerInput {
  readonly whole: number;
  /** What it needs at least, if it is given anything. */
  readonly least: number;
}

type Settings<Name extends string> = Required<LayeredContextOptions<Name>>;

/**
 * Makes a step that puts the layers of a context into messages within an exact budget. Required layers get their room first, then the
 * others by priority, each at most its share; what does not fit is cut, compressed or left out as its settings say, and reported.
 * Layers of one voice that stand together share a message. A layer before the last ones comes out the same, byte by byte, as long as
 * its own content and room are the same, so that prompt caches find it again.
 * @throws {PipewrightError} `bad-option`; the step throws `context-too-long` when a required layer does not fit, and names it.
 * @example (await layeredContext({ maxTokens: 100 })({ system: 'Be brief.', query: 'Why?' })).messages.map(({ role }) => role) // => ['system', 'user']
 */
export const layeredContext = <const Name extends string = keyof typeof standardLayers>(
  options: LayeredContextOptions<Name>,
): Step<LayerContents<Name>, LayeredContext<Name>> => {
  const settings = resolve(options);
  const { maxTokens, reserveTokens, layers } = settings;
  const children = Object.entries<LayerSettings>(layers).flatMap(([label, { fit, role }]) =>
    typeof fit === 'function' ? [{ label, step: fit, maxCalls: role === undefined ? Infinity : 1 }] : [],
  );
  const details = { maxTokens, reserveTokens };
  return defineStep({ kind: 'layered-context', details, children }, async (contents, run) => {
    const filled = await filledLayers(contents, settings);
    for (let room = maxTokens - reserveTokens; ; ) {
      const fitted = await fitAll(filled, await roomOf(filled, room, settings), settings, run);
      const messages = messagesOf(filled, fitted);
      const { tokens } = await tokenCounter(settings.model).countRequest({ messages, tools: settings.tools });
      if (tokens + reserveTokens <= maxTokens) return { messages, tokens, layers: reportOf<Name>(filled, fitted) };
      if (messages.length === 0) throw noRoom(settings, tokens);
      // Texts take another token beside a separator than alone at times: then again with less room.
      room -= tokens + reserveTokens - maxTokens;
    }
  });
};

const noRoom = ({ maxTokens, reserveTokens, tools }: Settings<string>, tokens: number): PipewrightError => {
  const message = `There is no room for messages: of ${maxTokens} tokens ${reserveTokens} are reserved for the reply, and what goes around a request with ${tools.length} tools takes ${tokens}. Raise \`maxTokens\`, reserve less, or give fewer tools.`;
  return new PipewrightError('context-too-long', message);
};

const resolve = <Name extends string>(options: LayeredContextOptions<Name>): Settings<Name> => {
  const standard = standardLayers as unknown as Readonly<Record<Name, LayerSettings>>;
  const settings = { layers: standard, model: 'gpt-5', reserveTokens: 0, tools: [], ...options };
  checkAtLeast('maxTokens', settings.maxTokens, 0);
  checkAtLeast('reserveTokens', settings.reserveTokens, 0);
  for (const [name, { minTokens = 0, maxTokens = 0, maxRatio = 1 }] of Object.entries<LayerSettings>(settings.layers)) {
    checkAtLeast(`layers.${name}.minTokens`, minTokens, 0);
    checkAtLeast(`layers.${name}.maxTokens`, maxTokens, 0);
    if (!(maxRatio >= 0 && maxRatio <= 1)) {
      throw new PipewrightError('bad-option', `\`layers.${name}.maxRatio\` must be from 0 to 1, got ${maxRatio}.`);
    }
  }
  return settings;
};

/** Without a figure of its own, a required layer that can be shortened is left so much by those before it. */
const minRequiredTokens = 64;

const filledLayers = async <Name extends string>(
  contents: LayerContents<Name>,
  { layers, model }: Settings<Name>,
): Promise<readonly Filled[]> => {
  const names = Object.keys(layers) as Name[];
  const unknown = Object.keys(contents).find((name) => !Object.hasOwn(layers, name));
  if (unknown !== undefined) {
    throw new PipewrightError('bad-input', `There is no layer \`${unknown}\`. There are: ${names.join(', ')}.`);
  }
  const asked = names.findLast((name) => layers[name].role === 'user');
  const query = asked === undefined ? '' : contents[asked];
  const filled: Filled[] = [];
  for (const name of names) {
    const content = contents[name];
    if (content === undefined || content.length === 0) continue;
    const settings = layers[name];
    const input = { name, content, settings, model, query: typeof query === 'string' ? query : '' };
    const whole = await wholeTokens(input);
    const { isRequired = false, minTokens = isRequired ? minRequiredTokens : 0 } = settings;
    filled.push({ ...input, whole, least: Math.min(whole, settings.fit === 'whole' ? 0 : minTokens) });
  }
  return filled;
};

/** Whose message a layer goes into; messages stand by themselves. */
const voiceOf = ({ content, settings }: LayerInput): 'system' | 'user' | 'messages' => {
  if (isMessages(content)) return 'messages';
  return settings.role === 'system' ? 'system' : 'user';
};

/** What is left of the room beside tools and what goes around each message. */
const roomOf = async <Name extends string>(
  filled: readonly Filled[],
  room: number,
  { model, tools }: Settings<Name>,
): Promise<number> => {
  const around = framesOf(filled).flatMap((frame): Message[] => {
    const [first] = frame;
    const voice = first === undefined ? 'messages' : voiceOf(first);
    return voice === 'messages' ? [] : [{ role: voice, content: [] }];
  });
  return room - (await tokenCounter(model).countRequest({ messages: around, tools })).tokens;
};

/** Layers that stand together and share a message. */
const framesOf = (filled: readonly Filled[]): readonly (readonly Filled[])[] => {
  const frames: Filled[][] = [];
  for (const layer of filled) {
    const last = frames.at(-1);
    if (last?.[0] !== undefined && voiceOf(last[0]) === voiceOf(layer)) last.push(layer);
    else frames.push([layer]);
  }
  return frames;
};

/** Required layers that cannot be shortened, those that can, and the others by priority. */
const inOrderOfNeed = (filled: readonly Filled[]): readonly Filled[] => {
  const rank = ({ settings: { isRequired = false, fit, priority = 1 } }: Filled): readonly [number, number] =>
    isRequired ? [fit === 'whole' ? 0 : 1, -priority] : [2, -priority];
  return [...filled].sort((a, b) => {
    const [[groupA, orderA], [groupB, orderB]] = [rank(a), rank(b)];
    return groupA - groupB || orderA - orderB;
  });
};

type Fitted = ReadonlyMap<Filled, FittedLayer>;

const fitAll = async <Name extends string>(
  filled: readonly Filled[],
  room: number,
  { maxTokens, reserveTokens }: Settings<Name>,
  run: Run,
): Promise<Fitted> => {
  const fitted = new Map<Filled, FittedLayer>();
  const ordered = inOrderOfNeed(filled);
  let left = room;
  let kept = ordered.reduce((sum, { least }) => sum + least, 0);
  for (const layer of ordered) {
    run.throwIfAborted();
    const { settings, name, whole, least } = layer;
    const { maxRatio = 1, maxTokens: most = Infinity, isRequired = false } = settings;
    kept -= least;
    const cap = Math.min(most, Math.floor(maxRatio * room));
    const spared = await fitLayer(layer, Math.min(cap, left - kept), run);
    // What is required may have the room that was kept for the others.
    const own = spared ?? (isRequired ? await fitLayer(layer, Math.min(cap, left), run) : undefined);
    if (own === undefined && isRequired) {
      const message = `The required layer \`${name}\` takes ${whole} tokens, and there is room for ${Math.max(0, Math.min(cap, left))} of ${maxTokens} with ${reserveTokens} reserved for the reply. Shorten it, give it a compressor, or raise \`maxTokens\`.`;
      throw new PipewrightError('context-too-long', message, { details: { where: name } });
    }
    if (own === undefined) continue;
    fitted.set(layer, own);
    left -= own.tokens;
  }
  return fitted;
};

const messagesOf = (filled: readonly Filled[], fitted: Fitted): readonly Message[] =>
  framesOf(filled.filter((layer) => fitted.has(layer))).flatMap((frame): readonly Message[] => {
    const [first] = frame;
    const voice = first === undefined ? 'messages' : voiceOf(first);
    if (voice === 'messages') return frame.flatMap((layer) => markedMessages(fitted.get(layer)?.messages ?? [], layer));
    const parts = frame.flatMap((layer) => marked(fitted.get(layer)?.parts ?? [], layer.settings.cache));
    return [{ role: voice, content: contentOf(parts) }];
  });

/** Instructions that follow each other are set apart; one alone is a plain string. */
const contentOf = (parts: readonly Part[]): string | readonly Part[] => {
  const [only] = parts;
  if (parts.length === 1 && only?.type === 'text' && only.cache === undefined) return only.text;
  return parts.map((part, at) =>
    part.type === 'text' && parts[at - 1]?.type === 'text' ? { ...part, text: textSeparator + part.text } : part,
  );
};

const marked = (parts: readonly Part[], cache: CacheLifetime | undefined): readonly Part[] => {
  const last = parts.at(-1);
  if (cache === undefined || last === undefined || last.type === 'reasoning' || last.type === 'provider') return parts;
  return [...parts.slice(0, -1), { ...last, cache }];
};

const markedMessages = (messages: readonly Message[], { settings: { cache } }: Filled): readonly Message[] => {
  const last = messages.at(-1);
  if (cache === undefined || last === undefined) return messages;
  return [...messages.slice(0, -1), { role: last.role, content: marked(partsOf(last), cache) }];
};

const reportOf = <Name extends string>(filled: readonly Filled[], fitted: Fitted): readonly LayerReport<Name>[] =>
  filled.map((layer) => {
    const { messages: _, parts: __, ...report } = fitted.get(layer) ?? { tokens: 0, outcome: 'left-out' as const };
    return { name: layer.name as Name, ...report };
  });

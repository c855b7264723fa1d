import {
  callStep,
  excerpt,
  isPipewrightError,
  type Message,
  type Part,
  type Run,
  type SourcePart,
  type TextPart,
} from '../core/index.js';
import { fitMessages, shortenMessages, tokenCounter, truncate } from '../model/index.js';
import { inOrderOf, worthOf } from './block.js';
import { chooseWith, type FitRequest, type FittedBlock } from './choose.js';
import type { TextCompressor } from './compressor.js';
import { isMessages, type LayerBlock, type LayerContent, type LayerReport, type LayerSettings } from './layer.js';

/** A layer in the form in which it goes into messages. */
export interface FittedLayer extends Omit<LayerReport, 'name'> {
  /** Of a conversation; every other layer has parts. */
  readonly messages?: readonly Message[];
  readonly parts?: readonly Part[];
}

/** What fitting a layer needs to know beside its content. */
export interface LayerInput {
  readonly name: string;
  readonly content: LayerContent;
  readonly settings: LayerSettings;
  readonly model: string;
  /** What compressors read for. */
  readonly query: string;
}

/** What parts take within a message. */
const partTokens = async (parts: readonly Part[], model: string): Promise<number> => {
  const { countRequest } = tokenCounter(model);
  const count = async (content: readonly Part[]): Promise<number> =>
    (await countRequest({ messages: [{ role: 'user', content }] })).tokens;
  return (await count(parts)) - (await count([]));
};

const messageTokens = async (messages: readonly Message[], model: string): Promise<number> => {
  const { countRequest } = tokenCounter(model);
  return (await countRequest({ messages })).tokens - (await countRequest({ messages: [] })).tokens;
};

const sourceOf = ({ id, text, title }: LayerBlock): SourcePart => ({
  type: 'source',
  id,
  text,
  ...(title === undefined ? {} : { title }),
});

const textPart = ({ name, settings: { role = 'data' } }: LayerInput, text: string): TextPart | SourcePart =>
  role === 'data' ? sourceOf({ id: name, title: name, text }) : { type: 'text', text };

/** Instructions one behind the other are set apart; the first one takes a token less than is counted. */
const counted = (part: TextPart | SourcePart): Part =>
  part.type === 'text' ? { ...part, text: textSeparator + part.text } : part;
export const textSeparator = '\n\n';

/** What the whole layer takes. */
export const wholeTokens = async (input: LayerInput): Promise<number> => {
  const { content, model } = input;
  if (typeof content === 'string') return partTokens([counted(textPart(input, content))], model);
  if (isMessages(content)) return messageTokens(content, model);
  return partTokens(content.map(sourceOf), model);
};

/** The layer within the room; undefined where nothing of it fits. */
export const fitLayer = async (input: LayerInput, room: number, run: Run): Promise<FittedLayer | undefined> => {
  const { content } = input;
  if (room < 0) return undefined;
  if (typeof content === 'string') return fitText(input, content, room, run);
  return isMessages(content) ? fitConversation(input, content, room, run) : fitBlocks(input, content, room, run);
};

const fitText = async (input: LayerInput, text: string, room: number, run: Run): Promise<FittedLayer | undefined> => {
  const { settings, model } = input;
  const { fit: way = 'cut' } = settings;
  const tokens = await wholeTokens(input);
  if (tokens <= room) return { parts: [textPart(input, text)], tokens, outcome: 'whole' };
  if (way === 'whole') return undefined;
  const fixed = await partTokens([counted(textPart(input, ''))], model);
  if (room <= fixed) return undefined;
  const shorter = way === 'cut' ? text : await compressedText(input, way, text, room - fixed, run);
  // A text takes another token beside its separator at times: then it is cut again for less room.
  for (let maxTokens = room - fixed; maxTokens > 0; ) {
    const cut = await truncate(shorter, { maxTokens, model, cutAt: 'sentence' });
    if (cut.text === '') return undefined;
    const part = textPart(input, cut.text);
    const taken = await partTokens([counted(part)], model);
    if (taken <= room) return { parts: [part], tokens: taken, outcome: way === 'cut' ? 'cut' : 'compressed' };
    maxTokens -= taken - room;
  }
  return undefined;
};

const compressedText = async (
  { query }: LayerInput,
  compressor: TextCompressor,
  text: string,
  maxTokens: number,
  run: Run,
): Promise<string> =>
  (await callStep(compressor, { text, maxTokens, ...(query === '' ? {} : { query }) }, run, 'compressor')).text;

/** Messages are not made shorter than this: then the oldest go. */
const minMessageTokens = 32;

const fitConversation = async (
  input: LayerInput,
  messages: readonly Message[],
  room: number,
  run: Run,
): Promise<FittedLayer | undefined> => {
  const { settings, model } = input;
  const { fit: way = 'cut' } = settings;
  if (way === 'whole' && (await messageTokens(messages, model)) > room) return undefined;
  const around = (await tokenCounter(model).countRequest({ messages: [] })).tokens;
  const maxTokens = room + around;
  const shorter =
    typeof way === 'string'
      ? { messages, shortened: 0 }
      : await shortenMessages(messages, {
          maxTokens,
          model,
          minTextTokens: minMessageTokens,
          shorten: (text, textRoom) => compressedText(input, way, text, textRoom, run),
        });
  try {
    const { messages: kept, tokens: taken, leftOut } = await fitMessages(shorter.messages, { maxTokens, model });
    if (kept.length === 0) return undefined;
    const outcome = leftOut.length > 0 ? 'cut' : shorter.shortened > 0 ? 'compressed' : 'whole';
    return { messages: kept, tokens: taken - around, outcome, leftOutMessages: leftOut };
  } catch (error) {
    if (isPipewrightError(error) && error.code === 'context-too-long') return undefined;
    throw error;
  }
};

/** A passage is not compressed below this: then the last ones go. */
const minBlockTokens = 60;
/** Passages that share more of their five-word stretches with a better one repeat it. */
const duplicateRatio = 0.8;
/** A shorter beginning of a passage does not help. */
const minCutTokens = 40;

const fitBlocks = async (
  input: LayerInput,
  blocks: readonly LayerBlock[],
  room: number,
  run: Run,
): Promise<FittedLayer | undefined> => {
  const { settings, model } = input;
  const { fit: way = 'cut' } = settings;
  const ranked = inOrderOf(blocks, worthOf);
  const whole = await partTokens(ranked.map(sourceOf), model);
  const isCompressed = typeof way !== 'string' && whole > room;
  const shorter = isCompressed ? await compressed(input, ranked, room / whole, run) : ranked;
  const fitBlock = async ({
    block,
    room: left,
  }: FitRequest<LayerBlock>): Promise<FittedBlock<LayerBlock> | undefined> => {
    const tokens = await partTokens([sourceOf(block)], model);
    if (tokens <= left) return { block, tokens };
    const maxTokens = left - (await partTokens([sourceOf({ ...block, text: '' })], model));
    // An excerpt stays as it is: its id says where it ends.
    if (way !== 'cut' || maxTokens < minCutTokens) return undefined;
    const { text, tokens: taken } = await truncate(block.text, { maxTokens, model, cutAt: 'sentence-only' });
    return text === '' || taken < minCutTokens
      ? undefined
      : { block: { ...block, text }, tokens: taken + left - maxTokens };
  };
  const { kept, tokens, leftOut } = await chooseWith(shorter, room, duplicateRatio, fitBlock);
  if (kept.length === 0) return undefined;
  const isCut = leftOut.some(({ reason }) => reason !== 'duplicate');
  const outcome = isCut ? 'cut' : isCompressed ? 'compressed' : 'whole';
  return { parts: kept.map(sourceOf), tokens, outcome, leftOutBlocks: leftOut };
};

/** Each passage in proportion; of one whose stretches are known each is a passage of its own, so that citations stay right. */
const compressed = async (
  { settings: { fit }, model, query }: LayerInput,
  blocks: readonly LayerBlock[],
  ratio: number,
  run: Run,
): Promise<readonly LayerBlock[]> => {
  if (fit === undefined || typeof fit === 'string') return blocks;
  const shorter: LayerBlock[] = [];
  for (const block of blocks) {
    const own = (await tokenCounter(model).count(block.text)).tokens;
    const maxTokens = Math.max(minBlockTokens, Math.floor(own * ratio));
    const input = { text: block.text, maxTokens, ...(query === '' ? {} : { query }) };
    const { text, ranges } = await callStep(fit, input, run, 'compressor');
    if (ranges === undefined) shorter.push({ ...block, text });
    else shorter.push(...ranges.map((range) => excerpt({ ...block, score: worthOf(block) }, range)));
  }
  return shorter;
};

import {
  assertNever,
  type Message,
  partsOf,
  type ReasoningPart,
  textOf,
  type ToolResultPart,
} from '../../core/index.js';
import { misplacedPart, type RenderedSources, renderSources } from '../shared/index.js';
import type { GoogleFamily } from './models.js';
import { callPart, mediaPart, resultParts, type WirePart } from './parts.js';
import { readOpaque } from './signature.js';

export interface WireContent {
  readonly role: 'user' | 'model';
  readonly parts: readonly WirePart[];
}

/** The conversation in the form of the API. */
export interface WireConversation {
  readonly systemInstruction: { readonly parts: readonly WirePart[] } | undefined;
  readonly contents: readonly WireContent[];
}

interface Wiring {
  readonly id: string;
  readonly family: GoogleFamily;
  readonly sources: RenderedSources;
}

/** System messages go into the field of their own; the results of one reply's calls go into one content, in the calls' order. */
export const wireConversation = (id: string, family: GoogleFamily, messages: readonly Message[]): WireConversation => {
  const { isGemini3 = false } = family;
  const wiring: Wiring = { id, family, sources: renderSources(messages) };
  const systems: WirePart[] = [];
  const contents: WireContent[] = [];
  let order = new Map<string, number>();
  let results: ToolResultPart[] = [];
  const closeResults = (): void => {
    if (results.length === 0) return;
    const place = ({ id: callId }: ToolResultPart): number => order.get(callId) ?? order.size;
    const sorted = results.sort((a, b) => place(a) - place(b));
    contents.push({ role: 'user', parts: sorted.flatMap((part) => resultParts(part, isGemini3, wiring.sources)) });
    results = [];
  };
  for (const message of messages) {
    if (message.role === 'tool') {
      for (const part of partsOf(message)) {
        if (part.type !== 'tool-result') throw misplacedPart(id, 'tool', part);
        results.push(part);
      }
      continue;
    }
    closeResults();
    if (message.role === 'system') {
      systems.push({ text: systemText(id, message) });
      continue;
    }
    const isModel = message.role === 'assistant';
    const parts = isModel ? modelParts(wiring, message) : userParts(wiring, message);
    if (isModel) order = callOrder(message);
    if (parts.length > 0) contents.push({ role: isModel ? 'model' : 'user', parts });
  }
  closeResults();
  return placed(family, systems, contents);
};

const callOrder = (message: Message): Map<string, number> =>
  new Map(partsOf(message).flatMap((part, index) => (part.type === 'tool-call' ? [[part.id, index]] : [])));

const placed = (
  { hasNoSystem = false }: GoogleFamily,
  systems: readonly WirePart[],
  contents: readonly WireContent[],
): WireConversation => {
  if (systems.length === 0) return { systemInstruction: undefined, contents };
  if (!hasNoSystem) return { systemInstruction: { parts: systems }, contents };
  const [first, ...rest] = contents;
  if (first?.role !== 'user')
    return { systemInstruction: undefined, contents: [{ role: 'user', parts: systems }, ...contents] };
  return { systemInstruction: undefined, contents: [{ role: 'user', parts: [...systems, ...first.parts] }, ...rest] };
};

const systemText = (id: string, message: Message): string => {
  const other = partsOf(message).find((part) => part.type !== 'text');
  if (other !== undefined) throw misplacedPart(id, 'system', other);
  return textOf(message);
};

const userParts = ({ id, sources }: Wiring, message: Message): readonly WirePart[] =>
  partsOf(message).flatMap((part): readonly WirePart[] => {
    switch (part.type) {
      case 'text':
        return part.text === '' ? [] : [{ text: part.text }];
      case 'image':
      case 'file':
        return [mediaPart(part)];
      case 'source':
        return [{ text: sources.render([part]) }];
      case 'tool-call':
      case 'tool-result':
      case 'reasoning':
      case 'provider':
        throw misplacedPart(id, 'user', part);
      default:
        return assertNever(part);
    }
  });

const modelParts = ({ id, family }: Wiring, message: Message): readonly WirePart[] => {
  const parts: WirePart[] = [];
  let isFirstCall = true;
  for (const part of partsOf(message)) {
    switch (part.type) {
      case 'text':
        if (part.text !== '') parts.push({ text: part.text });
        break;
      case 'image':
      case 'file':
        parts.push(mediaPart(part));
        break;
      case 'reasoning':
        addReasoning(parts, part);
        break;
      case 'tool-call':
        parts.push(callPart(part, isFirstCall && family.isGemini3 === true));
        isFirstCall = false;
        break;
      case 'provider':
        // What is known of the search is no part of the conversation.
        if (part.provider === 'google' && !isGrounding(part.data)) parts.push(part.data as WirePart);
        break;
      case 'source':
      case 'tool-result':
        throw misplacedPart(id, 'assistant', part);
      default:
        assertNever(part);
    }
  }
  return parts;
};

/** Thoughts of other providers have no signature that Gemini could check, and are left out. */
const addReasoning = (parts: WirePart[], { text, opaque }: ReasoningPart): void => {
  const read = readOpaque(opaque);
  if (read === undefined) return;
  const thoughtSignature = read.signature === '' ? undefined : read.signature;
  if (read.of === 'thought') {
    parts.push({ text, thought: true, thoughtSignature });
    return;
  }
  if (text !== '') parts.push({ text, thought: true });
  const before = parts.at(-1);
  if (read.of === 'part' && before !== undefined) parts[parts.length - 1] = { ...before, thoughtSignature };
  else parts.push({ text: '', thoughtSignature });
};

const isGrounding = (data: unknown): boolean =>
  typeof data === 'object' && data !== null && ('groundingMetadata' in data || 'urlContextMetadata' in data);

import type { FilePart, ImagePart, Part, ReasoningPart, ToolCallPart } from '../../core/index.js';
import type { ChatReply, FinishReason, ModelCitation } from '../../model/index.js';
import { imageMediaType } from '../shared/index.js';
import { ownMetadata } from './metadata.js';
import type { AiSdkCitation, AiSdkContent, AiSdkFinish, AiSdkSource, AiSdkUsage, AiSdkWhole } from './spec.js';

/** A reply's message as content of the AI SDK, part by part; sources that are cited come last, each once. */
export const contentOf = (reply: ChatReply): AiSdkContent[] => {
  const { message, citations } = reply;
  const parts = typeof message.content === 'string' ? [] : message.content;
  let length = 0;
  const content = parts.flatMap((part): readonly AiSdkContent[] => {
    if (part.type === 'reasoning') return part.text === '' ? [] : [{ type: 'reasoning', text: part.text }];
    if (part.type !== 'text') return wholeOf(part);
    const start = length;
    length += part.text.length;
    return [{ type: 'text', text: part.text, ...citedIn(citations, start, length) }];
  });
  return [...content, ...keptReasoning(parts), ...sourcesOf(citations)];
};

/** Reasoning that stands in a message at this place. */
export interface KeptReasoning {
  readonly at: number;
  readonly part: ReasoningPart;
}

export const keptReasoningKind = 'pipewright.reasoning';

/**
 * What a provider wants back with its reasoning is known when the reply is whole, and the AI SDK has no place for it in
 * reasoning that has ended. So it comes in a part of its own, which brings the reasoning back to where it stood.
 */
const keptReasoning = (parts: readonly Part[]): readonly AiSdkWhole[] => {
  const kept = parts.flatMap((part, at): readonly KeptReasoning[] => (part.type === 'reasoning' ? [{ at, part }] : []));
  if (kept.every(({ part }) => part.opaque === undefined)) return [];
  return [{ type: 'custom', kind: keptReasoningKind, providerMetadata: ownMetadata({ reasoning: kept }) }];
};

/** What comes whole, in a stream as in one piece. */
const wholeOf = (part: Part): readonly AiSdkWhole[] => {
  switch (part.type) {
    case 'tool-call':
      return [toolCall(part)];
    case 'image':
      return [file(part, imageMediaType(part))];
    case 'file':
      return [file(part, part.mediaType)];
    case 'provider':
      return [{ type: 'custom', kind: 'pipewright.provider', providerMetadata: ownMetadata({ part }) }];
    default:
      return [];
  }
};

const toolCall = ({ id, name, input, opaque }: ToolCallPart): AiSdkWhole => ({
  type: 'tool-call',
  toolCallId: id,
  toolName: name,
  // Arguments that were no JSON go on as they are: the AI SDK has a repair for them.
  input: typeof input === 'string' ? input : JSON.stringify(input),
  ...(opaque === undefined ? {} : { providerMetadata: ownMetadata({ opaque }) }),
});

const file = ({ data }: ImagePart | FilePart, mediaType: string): AiSdkWhole => ({
  type: 'file',
  mediaType,
  data: data instanceof URL ? { type: 'url', url: data } : { type: 'data', data },
});

const sourceOf = ({ sourceId, title }: ModelCitation): AiSdkSource => {
  const metadata = { type: 'source', id: sourceId } as const;
  if (/^https?:/.test(sourceId)) {
    return { ...metadata, sourceType: 'url', url: sourceId, ...(title === undefined ? {} : { title }) };
  }
  return { ...metadata, sourceType: 'document', mediaType: 'text/plain', title: title ?? sourceId };
};

/** The citations of one block of text, with places inside it. */
export const citedIn = (
  citations: readonly ModelCitation[],
  start: number,
  end: number,
): { readonly citations?: AiSdkCitation[] } => {
  const own = citations.filter((citation) => citation.start >= start && citation.end <= end && citation.end > start);
  if (own.length === 0) return {};
  return {
    citations: own.map((citation) => ({
      source: sourceOf(citation),
      startIndex: citation.start - start,
      endIndex: citation.end - start,
      ...(citation.quote === '' ? {} : { citedText: citation.quote }),
    })),
  };
};

const sourcesOf = (citations: readonly ModelCitation[]): readonly AiSdkSource[] => [
  ...new Map(citations.map((citation) => [citation.sourceId, sourceOf(citation)])).values(),
];

const finishes: Readonly<Record<FinishReason, AiSdkFinish['unified']>> = {
  stop: 'stop',
  length: 'length',
  'tool-call': 'tool-calls',
  'content-filter': 'content-filter',
  other: 'other',
};

export const finishOf = (reason: FinishReason): AiSdkFinish => ({ unified: finishes[reason], raw: reason });

export const usageOf = ({ usage }: ChatReply): AiSdkUsage => {
  const { inputTokens, outputTokens, cachedInputTokens, cacheWriteTokens, reasoningTokens } = usage;
  return {
    inputTokens: {
      total: inputTokens,
      noCache: inputTokens - (cachedInputTokens ?? 0) - (cacheWriteTokens ?? 0),
      cacheRead: cachedInputTokens,
      cacheWrite: cacheWriteTokens,
    },
    outputTokens: {
      total: outputTokens,
      text: reasoningTokens === undefined ? undefined : outputTokens - reasoningTokens,
      reasoning: reasoningTokens,
    },
  };
};

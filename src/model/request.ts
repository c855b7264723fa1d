import { type Part, PipewrightError } from '../core/index.js';
import type { ChatInput, ChatRequest, ModelFeatures } from './types.js';

/** The whole request that a short form stands for. */
export const requestOf = (input: ChatInput): ChatRequest => {
  if (typeof input === 'string') return { messages: [{ role: 'user', content: input }] };
  return 'messages' in input ? input : { messages: input };
};

const noFeatures: ModelFeatures = {
  tools: false,
  jsonSchema: false,
  jsonSchemaWithTools: false,
  images: false,
  files: false,
  audio: false,
  reasoning: false,
  citations: false,
  logProbs: false,
};

/** Every feature, those left out as false. */
export const allFeatures = (features: Partial<ModelFeatures>): ModelFeatures => ({ ...noFeatures, ...features });

const hasPart = (request: ChatRequest, isMeant: (part: Part) => boolean): boolean =>
  request.messages.some((message) => typeof message.content !== 'string' && message.content.some(isMeant));

const isAudio = (part: Part): boolean => part.type === 'file' && part.mediaType.startsWith('audio/');

/** Refuses what the model cannot do, before anything is sent. */
export const checkFeatures = (id: string, features: ModelFeatures, request: ChatRequest): void => {
  if (request.messages.length === 0) {
    throw new PipewrightError('bad-input', `${id} was given no messages. Give it at least one.`);
  }
  const hasTools = (request.tools?.length ?? 0) > 0;
  const hasSchema = request.output?.type === 'json-schema';
  const wants: readonly (readonly [isThere: boolean, isWanted: () => boolean, what: string])[] = [
    [features.tools, () => hasTools, 'call tools'],
    [features.jsonSchema, () => hasSchema, 'answer in a JSON schema'],
    [
      features.jsonSchemaWithTools,
      () => hasTools && hasSchema,
      'call tools and answer in a JSON schema in one request',
    ],
    [features.images, () => hasPart(request, ({ type }) => type === 'image'), 'read images'],
    [features.files, () => hasPart(request, (part) => part.type === 'file' && !isAudio(part)), 'read files'],
    [features.audio, () => hasPart(request, isAudio), 'listen to sound'],
    [features.reasoning, () => (request.reasoning ?? 'none') !== 'none', 'set how hard to think'],
    [features.logProbs, () => request.logProbs !== undefined, 'tell log-probabilities'],
  ];
  for (const [isThere, isWanted, what] of wants) {
    if (!isThere && isWanted()) {
      throw new PipewrightError('unsupported', `${id} cannot ${what}. Choose another model or leave that out.`);
    }
  }
};

import { type Part, PipewrightError, partsOf } from '../core/index.js';
import type { ChatInput, ChatRequest, ModelFeatures } from './types.js';

/** The whole request that a short form stands for. */
export const requestOf = (input: ChatInput): ChatRequest => {
  if (typeof input === 'string') return { messages: [{ role: 'user', content: input }] };
  return 'messages' in input ? input : { messages: input };
};

const hasPart = (request: ChatRequest, type: Part['type']): boolean =>
  request.messages.some((message) => partsOf(message).some((part) => part.type === type));

/** Refuses what the model cannot do, before anything is sent. */
export const checkFeatures = (id: string, features: ModelFeatures, request: ChatRequest): void => {
  const wants: readonly (readonly [boolean, boolean, string])[] = [
    [(request.tools?.length ?? 0) > 0, features.tools, 'call tools'],
    [request.output?.type === 'json-schema', features.jsonSchema, 'answer in a JSON schema'],
    [hasPart(request, 'image'), features.images, 'read images'],
    [hasPart(request, 'file'), features.files, 'read files'],
    [(request.reasoning ?? 'none') !== 'none', features.reasoning, 'set how hard to think'],
  ];
  for (const [isWanted, isThere, what] of wants) {
    if (isWanted && !isThere) {
      throw new PipewrightError('unsupported', `${id} cannot ${what}. Choose another model or leave that out.`);
    }
  }
  if (request.messages.length === 0) {
    throw new PipewrightError('bad-input', `${id} was given no messages. Give it at least one.`);
  }
};

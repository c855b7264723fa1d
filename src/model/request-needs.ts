import type { ModelNeeds } from './choose-model.js';
import { featuresOf } from './request.js';
import { estimateRequestTokens } from './request-tokens.js';
import type { ChatRequest, ModelFeatures } from './types.js';

/** What a request itself asks of a model: the features it uses, and room for its tokens. */
export const requestNeeds = (request: ChatRequest): ModelNeeds => ({
  features: featuresOf(request),
  inputTokens: estimateRequestTokens(request),
  ...(request.maxOutputTokens === undefined ? {} : { outputTokens: request.maxOutputTokens }),
});

/** Both needs at once. */
export const withNeeds = (own: ModelNeeds, given: ModelNeeds): ModelNeeds => {
  const features: readonly (keyof ModelFeatures)[] = [...new Set([...(own.features ?? []), ...(given.features ?? [])])];
  return { ...own, ...given, features };
};

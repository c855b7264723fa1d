import { textOf } from '../core/index.js';
import { allFeatures, featuresOf } from './request.js';
import { estimateRequestTokens } from './request-tokens.js';
import type { ChatModel, ChatRequest, ModelFeatures, ModelLimits } from './types.js';

type Able = Pick<ChatModel, 'features' | 'limits'>;

/** Every feature that some model has: a request for it goes to that model. */
export const unionOfFeatures = (models: readonly Able[]): ModelFeatures => {
  const names = Object.keys(allFeatures({})) as (keyof ModelFeatures)[];
  return allFeatures(Object.fromEntries(names.map((name) => [name, models.some(({ features }) => features[name])])));
};

/** The largest limits of all; none where one of them has none. */
export const largestLimits = (models: readonly Able[]): ModelLimits => {
  const most = (name: keyof ModelLimits): number => Math.max(...models.map(({ limits }) => limits[name] ?? Infinity));
  const limits = { contextTokens: most('contextTokens'), maxOutputTokens: most('maxOutputTokens') };
  return Object.fromEntries(Object.entries(limits).filter(([, tokens]) => Number.isFinite(tokens)));
};

/** Whether a model has the features that the request uses and room for its tokens. */
export const canTake = ({ features, limits }: Able, request: ChatRequest): boolean => {
  const { contextTokens = Infinity, maxOutputTokens = Infinity } = limits;
  const { maxOutputTokens: asked = 0 } = request;
  if (asked > maxOutputTokens || !featuresOf(request).every((feature) => features[feature])) return false;
  return contextTokens === Infinity || estimateRequestTokens(request) + asked <= contextTokens;
};

/** The text that the user said last. */
export const lastQuestion = (request: ChatRequest): string => {
  const last = request.messages.findLast(({ role }) => role === 'user');
  return last === undefined ? '' : textOf(last);
};

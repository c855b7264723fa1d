import { callStep, defineStepWith, PipewrightError, type Run } from '../core/index.js';
import { chooseModel, type ModelCandidate, type ModelFacts, type ModelNeeds } from './choose-model.js';
import { allFeatures, requestOf } from './request.js';
import { requestNeeds, withNeeds } from './request-needs.js';
import type { ChatInput, ChatModel, ChatReply, ChatRequest, ModelFeatures, ModelLimits } from './types.js';

/** Every feature that some model has: a request for it goes to that model. */
const unionOf = (models: readonly ModelFacts[]): ModelFeatures => {
  const all = allFeatures({});
  const names = Object.keys(all) as (keyof ModelFeatures)[];
  return Object.fromEntries(names.map((name) => [name, models.some(({ features }) => features[name])])) as never;
};

const largest = (models: readonly ModelFacts[]): ModelLimits => {
  const most = (name: keyof ModelLimits): number => Math.max(...models.map(({ limits }) => limits[name] ?? Infinity));
  const limits = { contextTokens: most('contextTokens'), maxOutputTokens: most('maxOutputTokens') };
  return Object.fromEntries(Object.entries(limits).filter(([, tokens]) => Number.isFinite(tokens)));
};

/** A chat model that chooses one of these for each request, by what the request uses and by the needs. */
export const choosingModel = (
  list: () => readonly ModelCandidate[],
  modelOf: (id: string) => ChatModel | undefined,
  needs: ModelNeeds,
): ChatModel => {
  const usable = (): readonly ModelCandidate[] => list().filter(({ isActive, isThere }) => isActive && isThere);
  const props = {
    id: 'registry',
    model: 'registry',
    provider: 'registry',
    get features() {
      return unionOf(usable());
    },
    get limits() {
      return largest(usable());
    },
  };
  const call = async (request: ChatRequest, run: Run): Promise<ChatReply> => {
    const { id, reason } = chooseModel(list(), withNeeds(requestNeeds(request), needs));
    const model = modelOf(id);
    if (model === undefined) throw new PipewrightError('not-found', `The model \`${id}\` is gone from the registry.`);
    run.emit({ type: 'choice-made', chosen: id, reason });
    return callStep(model, request, run, id);
  };
  return defineStepWith<ChatInput, ChatReply, typeof props>({ kind: 'registry' }, props, (input, run) =>
    call(requestOf(input), run),
  );
};

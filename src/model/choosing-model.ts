import { callStep, defineStepWith, PipewrightError, type Run } from '../core/index.js';
import { chooseModel, type ModelCandidate, type ModelNeeds } from './choose-model.js';
import { largestLimits, unionOfFeatures } from './model-group.js';
import { requestOf } from './request.js';
import { requestNeeds, withNeeds } from './request-needs.js';
import type { ChatInput, ChatModel, ChatReply, ChatRequest } from './types.js';

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
      return unionOfFeatures(usable());
    },
    get limits() {
      return largestLimits(usable());
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

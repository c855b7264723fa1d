import { callStep, PipewrightError, type Run } from '../core/index.js';
import type { ChatModel, ChatRequest } from '../model/index.js';

/**
 * The text that a model writes. A model that thinks spends output tokens on that too, so only the others are held to a limit.
 * Throws `output-invalid` for an empty or cut answer and `content-refused`.
 */
export const writeText = async (
  model: ChatModel,
  request: ChatRequest,
  maxOutputTokens: number,
  run: Run,
): Promise<string> => {
  const limit = model.features.reasoning ? {} : { maxOutputTokens };
  const reply = await callStep(model, { ...request, ...limit }, run);
  const text = reply.text.replace(/<think>[\s\S]*?<\/think>/gu, '').trim();
  const details = { partialText: reply.text };
  if (reply.finishReason === 'content-filter') {
    throw new PipewrightError('content-refused', `${model.id} refuses to write this. Ask another model.`, { details });
  }
  if (reply.finishReason === 'length') {
    const message = `The answer of ${model.id} was cut at ${maxOutputTokens} output tokens. Ask for less, or raise what is reserved.`;
    throw new PipewrightError('output-invalid', message, { details });
  }
  if (text === '') throw new PipewrightError('output-invalid', `${model.id} answered with no text.`, { details });
  return text;
};

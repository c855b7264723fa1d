import { createRun, type Run, stream } from '../../core/index.js';
import type { ChatModel, ChatReply } from '../../model/index.js';
import { callError } from './call-error.js';
import { chatRequestOf } from './chat-request.js';
import { contentOf, finishOf, usageOf } from './content.js';
import type { AiSdkCall, AiSdkGenerateResult, AiSdkLanguageModel, AiSdkStreamPart } from './spec.js';
import { isTold, type StreamWriter, streamWriter } from './stream-writer.js';

export interface ToAiSdkOptions {
  /** The run inside which every call is made: its budget, its listeners and its values apply. @default a fresh one a call */
  readonly run?: Run;
}

/**
 * A language model of the AI SDK made of any chat model, with whatever decorates it, for `generateText`, `streamText` and all
 * that builds on them. Options for our model go under `providerOptions.pipewright`. Failures are `APICallError`s there, with ours
 * as `cause`. The AI SDK tries again by itself; set its `maxRetries` to 0 for a model that has a retry of its own.
 * @example toAiSdk(scripted(['Hello'])).specificationVersion // => 'v4'
 */
export const toAiSdk = (model: ChatModel, options: ToAiSdkOptions = {}): AiSdkLanguageModel => ({
  specificationVersion: 'v4',
  provider: model.provider,
  modelId: model.model,
  // None is left to the model: what its own provider can fetch is not known here.
  supportedUrls: {},
  doGenerate: (call) => generate(model, options, call),
  doStream: (call) => streamed(model, options, call),
});

const generate = async (
  model: ChatModel,
  { run = createRun() }: ToAiSdkOptions,
  call: AiSdkCall,
): Promise<AiSdkGenerateResult> => {
  const { request, warnings } = chatRequestOf(call);
  using scope = run.scope({
    ...(call.abortSignal === undefined ? {} : { signal: call.abortSignal }),
    on: (event) => {
      if (event.type === 'warning') warnings.push({ type: 'other', message: event.message });
    },
  });
  try {
    const reply = await model(request, scope.run);
    return {
      content: contentOf(reply),
      finishReason: finishOf(reply.finishReason),
      usage: usageOf(reply),
      warnings,
      response: { modelId: reply.model, headers: { ...reply.headers } },
    };
  } catch (error) {
    throw callError(error);
  }
};

/** Rejects like a call that failed at once when the model fails before its first word. */
const streamed = async (
  model: ChatModel,
  { run }: ToAiSdkOptions,
  call: AiSdkCall,
): Promise<{ stream: ReadableStream<AiSdkStreamPart> }> => {
  const { request, warnings } = chatRequestOf(call);
  const watched = stream(model, request, {
    ...(run === undefined ? {} : { run }),
    ...(call.abortSignal === undefined ? {} : { signal: call.abortSignal }),
    only: isTold,
  });
  const parts = written(watched, streamWriter(warnings));
  const first = await parts.next().catch((error: unknown) => {
    throw callError(error);
  });
  return { stream: readable(first, parts, watched.cancel) };
};

async function* written(
  watched: ReturnType<typeof stream<unknown, ChatReply>>,
  writer: StreamWriter,
): AsyncGenerator<AiSdkStreamPart, void, undefined> {
  for await (const event of watched) yield* writer.take(event);
  yield* writer.finish(await watched.result);
}

/** Leaving the stream ends the run, down to the socket. */
const readable = (
  first: IteratorResult<AiSdkStreamPart, void>,
  parts: AsyncGenerator<AiSdkStreamPart, void, undefined>,
  stop: () => void,
): ReadableStream<AiSdkStreamPart> => {
  let next: Promise<IteratorResult<AiSdkStreamPart, void>> | undefined = Promise.resolve(first);
  return new ReadableStream<AiSdkStreamPart>({
    pull: async (controller) => {
      try {
        const { done, value } = await (next ?? parts.next());
        next = undefined;
        if (!done) {
          controller.enqueue(value);
          return;
        }
      } catch (error) {
        controller.enqueue({ type: 'error', error: callError(error) });
      }
      controller.close();
    },
    cancel: async () => {
      stop();
      await parts.return().catch(() => undefined);
    },
  });
};

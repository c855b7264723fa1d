import { streamText } from 'ai';
import { MockLanguageModelV4 } from 'ai/test';
import { type Contender, deltaCount, deltaText, expectLength } from '../lib/contender.js';

type StreamResult = Awaited<ReturnType<MockLanguageModelV4['doStream']>>;
type StreamPart = StreamResult['stream'] extends ReadableStream<infer Part> ? Part : never;

function* parts(): Generator<StreamPart, void, undefined> {
  yield { type: 'stream-start', warnings: [] };
  yield { type: 'text-start', id: '1' };
  for (let i = 0; i < deltaCount; i++) yield { type: 'text-delta', id: '1', delta: deltaText };
  yield { type: 'text-end', id: '1' };
  yield {
    type: 'finish',
    finishReason: { unified: 'stop', raw: 'stop' },
    usage: {
      inputTokens: { total: 3, noCache: 3, cacheRead: undefined, cacheWrite: undefined },
      outputTokens: { total: 10, text: 10, reasoning: undefined },
    },
  };
}

const doStream = async (): Promise<StreamResult> => {
  const source = parts();
  const stream = new ReadableStream<StreamPart>({
    pull: (controller) => {
      const { done, value } = source.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
  });
  return { stream };
};

export const contenders: readonly Contender[] = [
  {
    name: 'AI SDK streamText',
    job: 'delta',
    units: deltaCount,
    make: async () => async () => {
      // A new mock for each run: it keeps every call that it ever got.
      const model = new MockLanguageModelV4({ doStream });
      let length = 0;
      for await (const text of streamText({ model, prompt: 'hi' }).textStream) length += text.length;
      expectLength(length);
    },
  },
];

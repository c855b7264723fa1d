import type { CallbackManagerForLLMRun } from '@langchain/core/callbacks/manager';
import { BaseChatModel } from '@langchain/core/language_models/chat_models';
import { AIMessage, AIMessageChunk, type BaseMessage } from '@langchain/core/messages';
import { StringOutputParser } from '@langchain/core/output_parsers';
import { ChatGenerationChunk, type ChatResult } from '@langchain/core/outputs';
import { ChatPromptTemplate } from '@langchain/core/prompts';
import { RunnableLambda, RunnableSequence } from '@langchain/core/runnables';
import { type Contender, deltaCount, deltaText, expectLength, increment, stepCount } from '../lib/contender.js';

class EchoModel extends BaseChatModel {
  _llmType(): string {
    return 'echo';
  }
  async _generate(): Promise<ChatResult> {
    return { generations: [{ text: 'hello', message: new AIMessage('hello') }] };
  }
  override async *_streamResponseChunks(
    _messages: BaseMessage[],
    _options: this['ParsedCallOptions'],
    manager?: CallbackManagerForLLMRun,
  ): AsyncGenerator<ChatGenerationChunk> {
    for (let i = 0; i < deltaCount; i++) {
      const chunk = new ChatGenerationChunk({ text: deltaText, message: new AIMessageChunk({ content: deltaText }) });
      yield chunk;
      await manager?.handleLLMNewToken(deltaText, undefined, undefined, undefined, undefined, { chunk });
    }
  }
}

const makeSequence = (): RunnableSequence<number, number> => {
  const [first, ...rest] = Array.from({ length: stepCount }, () => RunnableLambda.from(increment));
  const last = rest.pop();
  if (first === undefined || last === undefined) throw new Error('A sequence needs two steps.');
  return new RunnableSequence<number, number>({ first, middle: rest, last });
};

export const contenders: readonly Contender[] = [
  {
    name: 'LangChain RunnableSequence.invoke',
    job: 'step',
    units: stepCount,
    make: async () => {
      const sequence = makeSequence();
      return () => sequence.invoke(1);
    },
  },
  {
    name: 'LangChain model.stream',
    job: 'delta',
    units: deltaCount,
    make: async () => {
      const model = new EchoModel({});
      return async () => {
        let length = 0;
        for await (const chunk of await model.stream('hi')) length += chunk.text.length;
        expectLength(length);
      };
    },
  },
  {
    name: 'LangChain prompt | model | parser, stream',
    job: 'delta',
    units: deltaCount,
    make: async () => {
      const prompt = ChatPromptTemplate.fromMessages([['user', '{question}']]);
      const chain = prompt.pipe(new EchoModel({})).pipe(new StringOutputParser());
      return async () => {
        let length = 0;
        for await (const text of await chain.stream({ question: 'hi' })) length += text.length;
        expectLength(length);
      };
    },
  },
];

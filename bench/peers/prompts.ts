// LangChain's templates at the same jobs, as its documentation shows them; made once, rendered many times.
import { AIMessage, HumanMessage } from '@langchain/core/messages';
import {
  ChatPromptTemplate,
  FewShotChatMessagePromptTemplate,
  FewShotPromptTemplate,
  MessagesPlaceholder,
  PromptTemplate,
} from '@langchain/core/prompts';
import {
  large,
  type PromptContender,
  question,
  rules,
  shots,
  shotTemplate,
  small,
  turnTexts,
  values,
} from '../lib/prompt-contender.js';

const smallPrompt = PromptTemplate.fromTemplate(small.template);
const largePrompt = PromptTemplate.fromTemplate(large.template);
const twoMessages = ChatPromptTemplate.fromMessages([
  ['system', rules],
  ['human', question],
]);
const withHistory = ChatPromptTemplate.fromMessages([
  ['system', rules],
  new MessagesPlaceholder('turns'),
  ['human', question],
]);
const turns = turnTexts.map((text, index) => (index % 2 === 0 ? new HumanMessage(text) : new AIMessage(text)));
const examples = shots.map((shot) => ({ ...shot }));
const fewShotText = new FewShotPromptTemplate({
  examples,
  examplePrompt: PromptTemplate.fromTemplate(shotTemplate),
  suffix: question,
  inputVariables: ['question'],
});
const fewShotChat = ChatPromptTemplate.fromMessages([
  ['system', rules],
  new FewShotChatMessagePromptTemplate({
    examples,
    examplePrompt: ChatPromptTemplate.fromMessages([
      ['human', '{input}'],
      ['ai', '{output}'],
    ]),
    inputVariables: [],
  }) as never,
  ['human', question],
]);

/** As callers write them: an object made for each call. */
const { role, language, question: asked } = values;

export const langchain: PromptContender = {
  name: '@langchain/core',
  jobs: {
    'text, 2 values': () => smallPrompt.format(small.values),
    'text, 400 values in 14,000 characters': () => largePrompt.format(large.values),
    'chat, 22 messages': () => withHistory.formatMessages({ role, language, question: asked, turns }),
    'chat, 2 messages, as a step': () => twoMessages.invoke({ role, language, question: asked }),
    'few-shot text, 8 examples': () => fewShotText.format({ question: asked }),
    'few-shot chat, 8 examples': () => fewShotChat.formatMessages({ role, language, question: asked }),
  },
};

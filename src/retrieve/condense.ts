import { defineStep, type Message, type Part, type Step, stepInfo, textOf } from '../core/index.js';
import type { ChatModel } from '../model/index.js';
import { modelStep, oneText } from '../ask/index.js';

/** A question and the conversation before it. */
export interface ConversationQuestion {
  readonly question: string;
  /** Oldest first. */
  readonly history: readonly Message[];
}

/** What a question leans on stands in the turns just before it. */
const maxTurns = 8;
const maxTurnLength = 2_000;

const turnOf = (message: Message): readonly string[] => {
  const said = textOf(message).slice(0, maxTurnLength);
  return message.role === 'system' || message.role === 'tool' || said === '' ? [] : [`${message.role}: ${said}`];
};

const content = ({ question, history }: ConversationQuestion): readonly Part[] => [
  { type: 'source', id: 'conversation', text: history.flatMap(turnOf).slice(-maxTurns).join('\n\n') },
  { type: 'text', text: question },
];

/**
 * Makes a step that turns a question that leans on the conversation ("And in Spain?") into one that stands alone. One model call
 * of the last eight turns; none without a conversation. It fits the option `condense` of `answer`.
 * @example await condense(model)({ question: 'And in Spain?', history }) // 'How long do refunds take in Spain?'
 */
export const condense = (model: ChatModel): Step<ConversationQuestion, string> => {
  const ask = modelStep(model, {
    info: { kind: 'rewriter', name: 'condense' },
    rules:
      'Rewrite the question so that it can be understood without the conversation: put in what it leaves out or calls "it". Keep its language and everything else. If it stands alone already, repeat it word for word. Do not answer it.',
    content,
    schema: oneText('question'),
  });
  return defineStep(stepInfo(ask), async (asked, run) =>
    asked.history.length === 0 ? asked.question : ask(asked, run),
  );
};

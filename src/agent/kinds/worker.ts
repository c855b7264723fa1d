import { type Message, partsOf, type Schema } from '../../core/index.js';
import type { ChatModel } from '../../model/index.js';
import { agent } from '../agent.js';
import type { Agent, AgentState, AgentTask } from '../types.js';

export const isModel = (given: object): given is ChatModel => 'provider' in given && 'features' in given;

/** An agent as it is; of a model, the simple agent. */
export const workerOf = (given: ChatModel | Agent<unknown>, output: Schema | undefined): Agent<unknown> => {
  if (!isModel(given)) return given;
  return agent<unknown>(given, output === undefined ? {} : { output });
};

/** A further task for an agent in the same conversation: what it did before takes nothing of its limit of steps. */
export const furtherTask = (state: AgentState, ...messages: readonly Message[]): AgentTask => ({
  state: { ...state, given: state.messages.length + messages.length },
  messages,
});

const wordsOf = (message: Message): string =>
  partsOf(message)
    .flatMap((part) => {
      if (part.type === 'text') return [part.text];
      return part.type === 'source' ? [`[${part.title ?? part.id}] ${part.text}`] : [];
    })
    .join('\n');

/** The task in words, for those who judge or plan: one request as it is, a conversation line by line. */
export const taskText = (messages: readonly Message[]): string => {
  const said = messages.filter(({ role }) => role === 'user' || role === 'assistant');
  const [only] = said;
  if (said.length === 1 && only !== undefined) return wordsOf(only);
  return said.map((message) => `${message.role}: ${wordsOf(message)}`).join('\n');
};

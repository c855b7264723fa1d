import { type Message, PipewrightError, textOf } from '../core/index.js';

/** An input in two: what may be said in other words, and what must be equal. */
export interface SplitInput {
  readonly text: string;
  /** Plain data. */
  readonly rest: unknown;
}

/** A chat as a request, whichever form it has; undefined for what is no chat. */
const requestOf = (input: unknown): { readonly messages: readonly Message[] } | undefined => {
  if (typeof input === 'string') return { messages: [{ role: 'user', content: input }] };
  if (Array.isArray(input)) return { messages: input };
  const isRequest = typeof input === 'object' && input !== null && 'messages' in input && Array.isArray(input.messages);
  return isRequest ? (input as { readonly messages: readonly Message[] }) : undefined;
};

/** The text of the last user message of a chat, and all the rest of it. */
export const splitChat = (input: unknown): SplitInput => {
  const request = requestOf(input);
  const at = request?.messages.findLastIndex((message) => message.role === 'user') ?? -1;
  const message = request?.messages[at];
  if (request === undefined || message === undefined) {
    throw new PipewrightError(
      'bad-input',
      'A semantic cache found no user message in its input. Tell with `split` which text is compared.',
    );
  }
  const others = typeof message.content === 'string' ? [] : message.content.filter(({ type }) => type !== 'text');
  return {
    text: textOf(message),
    rest: { ...request, messages: request.messages.with(at, { ...message, content: others }) },
  };
};

import { type Message, partsOf, PipewrightError, type RunKey, runKey, type ToolResultPart } from '../core/index.js';
import { answerSchema, objectSchema, textIn, textSchema } from '../ask/index.js';
import type { AgentState } from '../agent/index.js';
import { type Tool, tool } from '../tool/index.js';

/** One who was active handed the conversation over. */
export interface Transfer {
  readonly from: string;
  readonly to: string;
  /** In the words of the model. */
  readonly reason: string;
}

/** Throws where the conversation may not be handed over once more. */
export const transferGuardKey: RunKey<() => void> = runKey('transfer-guard');

const prefix = 'transfer_to_';

const input = answerSchema(
  objectSchema({
    reason: { ...textSchema, description: 'Why, and what the other one must know beside the conversation.' },
  }),
  (value) => ({ value: { reason: textIn(value, 'reason') } }),
);

/** The tool by which a model hands the conversation over to another agent. */
export const transferTool = (to: string, description: string): Tool<{ readonly reason: string }, string> =>
  tool({
    name: `${prefix}${to}`,
    description: `Hands the conversation over to \`${to}\`, who goes on with it. ${description}`.trim(),
    input,
    isReadOnly: true,
    run: (_, run) => {
      run.get(transferGuardKey)?.();
      return `The conversation is handed over to ${to}.`;
    },
  });

export const tooManyTransfers = (maxHandoffs: number): PipewrightError =>
  new PipewrightError(
    'not-allowed',
    `The conversation was handed over ${maxHandoffs} times since the user spoke. Answer it yourself, with what you have.`,
  );

const resultsIn = (message: Message | undefined): readonly ToolResultPart[] =>
  message === undefined ? [] : partsOf(message).filter((part): part is ToolResultPart => part.type === 'tool-result');

/** Where the last step handed the conversation over to, and why; the first where it did so twice. */
export const transferIn = ({ messages, given }: AgentState): Omit<Transfer, 'from'> | undefined => {
  // What brought the conversation to the one who has it is no transfer of its own.
  const last = messages.length > given ? messages.at(-1) : undefined;
  const result = resultsIn(last?.role === 'tool' ? last : undefined).find(
    ({ name, isError }) => name.startsWith(prefix) && isError !== true,
  );
  if (result === undefined) return undefined;
  const calls = messages.at(-2);
  const call = calls && partsOf(calls).find((part) => part.type === 'tool-call' && part.id === result.id);
  const asked = call?.type === 'tool-call' ? call.input : undefined;
  return { to: result.name.slice(prefix.length), reason: textIn(asked, 'reason') };
};

/**
 * The conversation without tool calls and their results, for one who has no need of them: a filter for `handoffs`.
 * @example withoutToolCalls([{ role: 'tool', content: [] }]) // => []
 */
export const withoutToolCalls = (messages: readonly Message[]): readonly Message[] =>
  messages.flatMap((message): readonly Message[] => {
    if (message.role === 'tool') return [];
    const kept = partsOf(message).filter(({ type }) => type !== 'tool-call');
    if (kept.length === 0) return [];
    return typeof message.content === 'string' ? [message] : [{ role: message.role, content: kept }];
  });

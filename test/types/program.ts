// A small program as users write it.
import { branch, createRun, map, parallel, pipe, stream } from 'pipewright';
import type { ChatInput, ChatReply } from 'pipewright/model';
import { scripted } from 'pipewright/testing';

interface Ticket {
  readonly id: number;
  readonly text: string;
}

const model = scripted(['urgent', 'calm', 'Thank you for writing.']);

const classify = pipe(
  (ticket: Ticket): ChatInput => `Is this urgent? ${ticket.text}`,
  model,
  (reply: ChatReply) => reply.text === 'urgent',
);

const triage = pipe(
  parallel({ ticket: (ticket: Ticket) => ticket, isUrgent: classify }),
  branch(
    ({ isUrgent }: { readonly isUrgent: boolean; readonly ticket: Ticket }) => isUrgent,
    ({ ticket }) => ({ queue: 'now', id: ticket.id }),
    ({ ticket }) => ({ queue: 'later', id: ticket.id }),
  ),
);

export const main = async (tickets: readonly Ticket[]): Promise<string> => {
  const run = createRun({ budget: { maxTokens: 10_000 } });
  const queues = await map(triage, { concurrency: 2 })(tickets, run);
  for await (const text of stream(model, 'Write a thank-you.', { run }).text) if (text === '') break;
  return queues.map(({ queue, id }) => `${id}: ${queue}`).join('\n');
};

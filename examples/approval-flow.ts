// A flow that waits for a person, on disk: the answer comes in another process. npx tsx examples/approval-flow.ts
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toMermaid, user } from 'pipewright';
import { answerIn, append, checkpointed, idempotencyKey, once, pause, stateGraph } from 'pipewright/flow';
import { diskStore } from 'pipewright/store';
import { scripted } from 'pipewright/testing';
import { z } from 'zod';

// In production: openai('gpt-5-mini'), or any other model.
const model = scripted(['Dear Ann, your kettle was broken, so we refund 80 EUR.']);

const orders: Readonly<Record<string, number>> = { 'order-17': 80, 'order-18': 12 };
/** Pays money: exactly once for each key, as payment services do. */
const paid = new Map<string, number>();

const refund = stateGraph({
  state: z.object({
    order: z.string(),
    complaint: z.string(),
    eur: z.number().default(0),
    letter: z.string().default(''),
    isApproved: z.boolean().default(false),
    log: z.array(z.string()).default([]),
  }),
  reducers: { log: append },
  nodes: {
    look: ({ order }) => ({ eur: orders[order] ?? 0, log: ['looked the order up'] }),
    write: async ({ complaint, eur }, run) => {
      // Paid for once, also when the process dies before the step is over.
      const reply = await once('letter', model)({ messages: [user(`Refund ${eur} EUR: ${complaint}`)] }, run);
      return { letter: reply.text, log: ['wrote a letter'] };
    },
    approve: async ({ eur, order }, run) => {
      if (eur <= 20) return { isApproved: true, log: ['approved by the rules'] };
      const answer = await answerIn(run, z.object({ isApproved: z.boolean(), by: z.string() }));
      if (answer === undefined) return pause({ text: `Refund ${eur} EUR for ${order}?` });
      return { isApproved: answer.isApproved, log: [`${answer.isApproved ? 'approved' : 'refused'} by ${answer.by}`] };
    },
    pay: async ({ eur }, run) => {
      await once('pay', (amount: number, inner) => paid.set(inner.get(idempotencyKey) ?? '', amount).size)(eur, run);
      return { log: [`paid ${eur} EUR`] };
    },
  },
  start: 'look',
  edges: {
    look: ['write', 'approve'], // the letter is written while the person thinks
    write: 'pay',
    approve: { to: ['pay', 'end'], choose: ({ isApproved }) => (isApproved ? 'pay' : 'end') },
    pay: 'end',
  },
  joins: { pay: ['write', 'approve'] }, // nothing is paid unless both lead to it
});
console.log(toMermaid(refund));

const folder = await mkdtemp(join(tmpdir(), 'pipewright-refunds-'));
{
  await using store = await diskStore(folder);
  const refunds = checkpointed(refund, { name: 'refunds', store });
  const { status, waiting } = await refunds.start('order-17', { order: 'order-17', complaint: 'The kettle leaks.' });
  console.log(`${status}:`, waiting[0]?.question);
}
{
  // Days later, in another process: nothing but the folder is left.
  await using store = await diskStore(folder);
  const refunds = checkpointed(refund, { name: 'refunds', store });
  for await (const { id, status } of refunds.threads()) console.log(`found ${id}: ${status}`);
  const { status, state } = await refunds.resume('order-17', { approve: { isApproved: true, by: 'Bob' } });
  console.log(`${status}: ${state.letter}`);
  for (const line of state.log) console.log(`  ${line}`);
  console.log(`paid ${[...paid.values()].join()} EUR, asked the model ${model.requests.length} time`);

  // What if Bob had refused? The past as it was when he was asked, in a thread of its own.
  for await (const { seq, status: then } of refunds.history('order-17')) {
    if (then !== 'paused') continue;
    await refunds.fork('order-17', { to: 'what-if', seq });
    break;
  }
  const other = await refunds.resume('what-if', { approve: { isApproved: false, by: 'Bob' } });
  console.log(`what if: ${other.state.log.at(-1)}`);
}
await rm(folder, { recursive: true });

// Tools: called by hand, by a model that can call tools, and by one that cannot. npx tsx examples/tools.ts
import { type Message, user } from 'pipewright';
import type { ChatModel } from 'pipewright/model';
import { callsTool, scripted } from 'pipewright/testing';
import { tool, toolbox, withTools } from 'pipewright/tool';
import { z } from 'zod';

const stock = new Map([
  ['tea', 12],
  ['coffee', 0],
]);
const inStock = tool({
  name: 'in_stock',
  description: 'Tells how many packets of something are in stock.',
  input: z.object({ item: z.string() }),
  isReadOnly: true,
  run: ({ item }) => {
    const packets = stock.get(item);
    if (packets === undefined)
      throw new Error(`Nobody here sells ${item}. There are: ${[...stock.keys()].join(', ')}.`);
    return { item, packets };
  },
});
const box = toolbox([inStock]);
console.log('by hand   ', await inStock({ item: 'tea' }));

/** Asks, runs the calls of the reply, and asks again with their results, until the model answers. */
const converse = async (model: ChatModel, question: string): Promise<string> => {
  const messages: Message[] = [user(question)];
  for (;;) {
    const reply = await model({ messages, tools: box.definitions });
    if (reply.toolCalls.length === 0) return reply.text;
    const results = await box(reply.toolCalls);
    messages.push(reply.message, { role: 'tool', content: results });
    for (const { output, isError = false } of results) console.log(isError ? 'failed    ' : 'result    ', output);
  }
};

// The first call names an item that is not sold; the model reads so and calls again.
const native = scripted([
  callsTool('in_stock', { item: 'cocoa' }),
  callsTool('in_stock', { item: 'tea' }),
  'There are 12.',
]);
console.log('native    ', await converse(native, 'Do you have cocoa, or else tea?'));

const textOnly = scripted(
  ['<tool_call>{"name": "in_stock", "arguments": {"item": "coffee"}}</tool_call>', 'None left.'],
  {
    features: { tools: false },
  },
);
console.log('in text   ', await converse(withTools(textOnly), 'Is there coffee?'));

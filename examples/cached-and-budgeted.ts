// A model that many may ask and nobody may overspend: the default stack, a cache, budgets. npx tsx examples/cached-and-budgeted.ts
import {
  budgetPool,
  createRun,
  explain,
  isPipewrightError,
  PipewrightError,
  resilient,
  runKey,
  user,
} from 'pipewright';
import { localEmbedder } from 'pipewright/model';
import { semanticCache } from 'pipewright/resilience';
import { memoryStore } from 'pipewright/store';
import { scripted } from 'pipewright/testing';

const tenant = runKey<string>('tenant');
const busy = new PipewrightError('model-overloaded', 'Busy.', { retryable: true });

// The first model is busy at first and then answers; in production: openai('gpt-5-mini'), anthropic('claude-haiku-4-5').
let calls = 0;
const main = scripted(
  [
    () => {
      calls += 1;
      return calls === 1 ? [{ type: 'throw', error: busy }] : `Answer ${calls}.`;
    },
  ],
  { id: 'main', shouldRepeat: true, price: { input: 100, output: 1_000 } },
);
const pool = budgetPool({ maxCostUsd: 0.123, perMs: 86_400_000, name: 'daily', store: memoryStore() });
const stack = resilient(main, {
  retry: { initialDelayMs: 1 },
  fallbacks: [scripted(['Backup answer.'], { id: 'backup', shouldRepeat: true })],
  budget: { maxCostUsd: 0.12, pool, poolKey: (_input, run) => run.get(tenant) ?? '' },
});
const ask = semanticCache(stack, {
  embedder: localEmbedder(),
  threshold: 0.75,
  scope: (_input, run) => run.get(tenant),
});
console.log(explain(ask).text, '\n');

for (const [name, question] of [
  ['ann', 'How do I get a refund for my order?'],
  ['ann', 'How can I get a refund for an order?'], // like the first: from the cache
  ['bob', 'How do I get a refund for my order?'], // another tenant never gets it
  ['ann', 'How do I get 2 refunds for my order?'], // a number decides
  ['ann', 'Where is my parcel?'],
] as const) {
  const run = createRun({ values: new Map([[tenant, name]]) });
  try {
    const reply = await ask({ messages: [user(question)], maxOutputTokens: 40 }, run);
    const { costUsd } = run.meter.spent;
    console.log(
      `${name}: ${question} -> ${reply.text} (${costUsd === 0 ? 'from the cache' : `${costUsd.toFixed(4)} USD`})`,
    );
  } catch (error) {
    if (!isPipewrightError(error)) throw error;
    console.log(`${name}: ${question} -> ${error.code}, ${JSON.stringify(error.details.budget)}`);
  }
}
console.log('taken from the pool of ann:', (await pool.taken('ann')).costUsd.toFixed(4), 'USD');

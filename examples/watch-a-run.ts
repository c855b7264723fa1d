// Watching any pipeline: events, text, and what happens to text that a retry takes back. npx tsx examples/watch-a-run.ts
import { PipewrightError, pipe, retry, stream } from 'pipewright';
import { scripted } from 'pipewright/testing';

// A model that breaks in the middle of its first answer, and does better when asked again.
const model = scripted([
  [
    { type: 'text-delta', text: 'Once upon a ' },
    { type: 'throw', error: new PipewrightError('connection-lost', 'The socket closed.', { retryable: true }) },
  ],
  'Once there was a pipe.',
]);

const call = stream(
  pipe(
    (topic: string) => `Write about ${topic}.`,
    retry(model, { initialDelayMs: 1 }),
    (reply) => reply.text,
  ),
  'pipes',
);
for await (const event of call) {
  if (event.type === 'text-delta') console.log(`text     ${event.text}`);
  if (event.type === 'retract') console.log(`retract  ${event.reason}`);
  if (event.type === 'step-end') console.log(`done     ${event.span.path.join(' > ')}`);
}
console.log(`result   ${await call.result}`);

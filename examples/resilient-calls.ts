// A model behind two servers, one of which is unwell: what each decorator does about it. npx tsx examples/resilient-calls.ts
import {
  balance,
  bulkhead,
  circuitBreaker,
  createRun,
  fallback,
  hedge,
  named,
  PipewrightError,
  rateLimit,
  retry,
  type RunEvent,
  seededRandom,
  sleep,
  timeout,
} from 'pipewright';
import { scripted, type ScriptTurn } from 'pipewright/testing';

const busy: ScriptTurn = [
  { type: 'throw', error: new PipewrightError('model-overloaded', 'Busy.', { retryable: true }) },
];
const slow: ScriptTurn = [
  { type: 'wait', ms: 2_000 },
  { type: 'text-delta', text: 'late' },
  { type: 'finish', reason: 'stop' },
];

// East fails twice and is slow after that; west is well.
const east = scripted([busy, busy, slow, 'East is well again.'], { id: 'east', shouldRepeat: true });
const west = scripted(['West answers.'], { id: 'west', shouldRepeat: true });

const target = (model: typeof east) =>
  named(
    model.id,
    circuitBreaker(rateLimit(bulkhead(timeout(model, { totalMs: 5_000 })), { limits: [{ requests: 500 }] }), {
      name: model.id,
      maxFailures: 2,
      coolDownMs: 20,
    }),
  );
const ask = fallback(
  retry(hedge(balance([target(east), target(west)], { ejectMs: 20 }), { afterMs: 50 }), { initialDelayMs: 10 }),
  scripted(['Please come back later.'], { id: 'canned', shouldRepeat: true }),
);

const tell = (event: RunEvent): void => {
  if (event.type === 'choice-made') console.log(`  asks ${event.chosen}`);
  if (event.type === 'retry-wait') console.log(`  failed: tries again in ${event.waitMs} ms`);
  if (event.type === 'hedge-start') console.log('  no answer yet: asks once more beside it');
  if (event.type === 'circuit-change') console.log(`  the circuit of ${event.name} is ${event.to}`);
  if (event.type === 'target-eject') console.log(`  ${event.target} is left alone for a while`);
  if (event.type === 'fallback-switch') console.log(`  goes on to ${event.to}`);
};

const random = seededRandom(3);
for (let call = 1; call <= 6; call++) {
  console.log(`call ${call}`);
  const run = createRun({ on: tell, random });
  const reply = await ask('How are you?', run);
  console.log(`  ${reply.text} (${run.meter.spent.calls} calls to models)`);
  await sleep(30, run);
}

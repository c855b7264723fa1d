// Thousands of calls under a full stack against a server that fails in every way: npm run bench -- chaos [calls] [in flight] [seed]
import { spawn } from 'node:child_process';
import { setFlagsFromString } from 'node:v8';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { runInNewContext } from 'node:vm';
import { createRun, isPipewrightError, isWithin, type RunEvent } from '../src/index.js';
import { chaosModel, maxAttempts } from './lib/chaos-model.js';

const [calls = 10_000, inFlight = 200, seed = 1] = process.argv.slice(2).map(Number);

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

const file = fileURLToPath(new URL('lib/chaos-server.ts', import.meta.url));
const server = spawn(process.execPath, [...process.execArgv, file, String(seed)], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
const port = await new Promise<string>((resolve) => server.stdout.once('data', (data) => resolve(String(data).trim())));
const url = `http://127.0.0.1:${port}`;

/** What a listener holds at the end: all that was shown and not withdrawn. */
const shownText = (events: readonly RunEvent[]): string => {
  let shown: RunEvent[] = [];
  for (const event of events) {
    if (event.type === 'text-delta') shown.push(event);
    if (event.type === 'retract') shown = shown.filter(({ span }) => !isWithin(span, event.span));
  }
  return shown.map((event) => (event.type === 'text-delta' ? event.text : '')).join('');
};

const model = chaosModel(`${url}/v1`);
const outcomes: Record<string, number> = {};
const heapMb: number[] = [];
const wrong: string[] = [];
const latenciesMs: number[] = [];
let settled = 0;

const callOnce = async (call: number): Promise<void> => {
  const events: RunEvent[] = [];
  const expected = `Answer to call ${call}`;
  const started = performance.now();
  const on = (event: RunEvent): void => {
    if (event.type === 'text-delta' || event.type === 'retract') events.push(event);
  };
  let outcome = 'answered';
  try {
    const { text } = await model(`call ${call}`, createRun({ on }));
    const shown = shownText(events);
    if (text !== expected || shown !== expected) wrong.push(`call ${call}: "${text}", shown "${shown}"`);
  } catch (error) {
    outcome = isPipewrightError(error) ? error.code : `NOT TYPED: ${String(error)}`;
  }
  latenciesMs.push(performance.now() - started);
  outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  settled += 1;
  if (settled % Math.ceil(calls / 10) === 0) {
    // A collection that we order must not count as a delay of the calls.
    delay.disable();
    collectGarbage();
    delay.enable();
    heapMb.push(process.memoryUsage().heapUsed / 1024 / 1024);
  }
};

const delay = monitorEventLoopDelay({ resolution: 1 });
// The SDK is loaded, and the code compiled, before anything is measured.
await Promise.allSettled(Array.from({ length: 50 }, (_, index) => model(`call ${calls + 1 + index}`)));
let next = 0;
const worker = async (): Promise<void> => {
  while (next < calls) await callOnce(++next);
};
delay.enable();
const started = performance.now();
await Promise.all(Array.from({ length: inFlight }, worker));
const totalMs = performance.now() - started;
delay.disable();

const stats = (await (await fetch(`${url}/stats`)).json()) as {
  readonly attempts: readonly (readonly [call: number, attempts: number])[];
  readonly fates: Record<string, number>;
  readonly openNow: number;
  readonly mostOpen: number;
};
server.kill();
const counted = stats.attempts.filter(([call]) => call <= calls).map(([, attempts]) => attempts);
const mostAttempts = counted.reduce((most, attempts) => Math.max(most, attempts), 0);
const tries = counted.reduce((sum, attempts) => sum + attempts, 0);
latenciesMs.sort((a, b) => a - b);
const percentile = (part: number): string => (latenciesMs[Math.floor(part * (latenciesMs.length - 1))] ?? 0).toFixed(0);
const delayP99Ms = delay.percentile(99) / 1e6;

console.log(
  `Node ${process.version}, ${calls} calls, ${inFlight} at once, seed ${seed}: ${(totalMs / 1000).toFixed(1)} s`,
);
console.log('What the server did:', stats.fates);
console.log('What became of the calls:', outcomes);
console.log(`Latency ms: p50 ${percentile(0.5)}, p95 ${percentile(0.95)}, p99 ${percentile(0.99)}`);
console.log(`Heap MB after each tenth: ${heapMb.map((mb) => mb.toFixed(1)).join(' ')}`);
/** The second half against the first: what is kept per call would show. */
const heapGrowthMb = (heapMb.at(-1) ?? 0) - (heapMb[Math.floor(heapMb.length / 2)] ?? 0);
const checks: readonly (readonly [string, boolean])[] = [
  [`every call settled (${settled} of ${calls})`, settled === calls],
  [`nothing was delivered twice or wrong (${wrong.slice(0, 3).join('; ') || 'none'})`, wrong.length === 0],
  [`every failure was typed`, Object.keys(outcomes).every((outcome) => !outcome.startsWith('NOT TYPED'))],
  [
    `at most ${maxAttempts} tries a call (most: ${mostAttempts}, ${(tries / calls).toFixed(2)} on average)`,
    mostAttempts <= maxAttempts,
  ],
  [`no connection is left open on the server (${stats.openNow})`, stats.openNow <= 1],
  [`the heap is flat (${heapGrowthMb.toFixed(1)} MB over the second half)`, heapGrowthMb < 5],
  [`event-loop delay p99 ${delayP99Ms.toFixed(1)} ms, at most 50`, delayP99Ms < 50],
];
for (const [what, isMet] of checks) console.log(`${isMet ? 'met   ' : 'MISSED'} ${what}`);
process.exit(checks.every(([, isMet]) => isMet) ? 0 : 1);

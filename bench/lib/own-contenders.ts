import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Step } from 'pipewright';
import type { Provider } from 'pipewright/model';
import { type Contender, deltaCount, deltaText, expectLength, increment, stepCount } from './contender.js';

type Root = typeof import('pipewright');
type Model = typeof import('pipewright/model');

// The built package, as users get it.
const dist = fileURLToPath(new URL('../../dist/', import.meta.url));
const pipewright: Root = await import(join(dist, 'index.js'));
const { chatModel }: Model = await import(join(dist, 'model.js'));

const tenSteps = (step: (value: number) => Promise<number>): Step<number, number> =>
  pipewright.pipe(step, step, step, step, step, step, step, step, step, step);

async function* deltas(): AsyncGenerator<{ readonly type: 'text-delta'; readonly text: string }, void, undefined> {
  for (let i = 0; i < deltaCount; i++) yield { type: 'text-delta', text: deltaText };
}

const provider: Provider = {
  id: 'bench:echo',
  model: 'echo',
  provider: 'bench',
  features: { tools: false, jsonSchema: false, images: false, files: false, reasoning: false, citations: false },
  limits: {},
  price: { input: 0, output: 0 },
  async *stream() {
    for (let i = 0; i < deltaCount; i++) yield { type: 'text-delta', text: deltaText };
    yield { type: 'usage', usage: { inputTokens: 3, outputTokens: deltaCount } };
    yield { type: 'finish', reason: 'stop' };
  },
};

const readText = async (text: AsyncIterable<string>): Promise<void> => {
  let length = 0;
  for await (const piece of text) length += piece.length;
  expectLength(length);
};

export const plainSteps: Contender = {
  name: 'plain async calls',
  job: 'step',
  units: stepCount,
  make: async () => {
    const steps = Array.from({ length: stepCount }, () => async (value: number) => value + 1);
    return async () => {
      let value = 1;
      for (const step of steps) value = await step(value);
      return value;
    };
  },
};

export const plainDeltas: Contender = {
  name: 'plain async generator',
  job: 'delta',
  units: deltaCount,
  make: async () => async () => {
    let length = 0;
    for await (const { text } of deltas()) length += text.length;
    expectLength(length);
  },
};

type Body = Omit<Contender, 'name' | 'make'>;
const steps: Body = { job: 'step', units: stepCount };
const streamed: Body = { job: 'delta', units: deltaCount };

const own: readonly Contender[] = [
  {
    ...steps,
    name: 'pipewright pipe, idle',
    make: async () => {
      const pipeline = tenSteps(increment);
      return () => pipeline(1);
    },
  },
  {
    ...steps,
    name: 'pipewright pipe, with a listener',
    make: async () => {
      const pipeline = tenSteps(increment);
      let events = 0;
      const on = (): void => {
        events++;
      };
      return async () => {
        const before = events;
        await pipeline(1, pipewright.createRun({ on }));
        if (events - before !== 2 * stepCount) throw new Error(`The listener heard ${events - before} events.`);
      };
    },
  },
  {
    ...steps,
    name: 'pipewright pipe of retry(timeout(step)), idle',
    make: async () => {
      const { retry, timeout }: typeof import('pipewright/resilience') = await import(join(dist, 'resilience.js'));
      const pipeline = tenSteps(retry(timeout(increment, { totalMs: 60_000 })));
      return () => pipeline(1);
    },
  },
  {
    ...streamed,
    name: 'pipewright stream() of a step, .text',
    make: async () => {
      const step = async (_: string, run: import('pipewright').Run): Promise<void> => {
        for await (const delta of deltas()) run.emit(delta);
      };
      return () => readText(pipewright.stream(step, 'hi').text);
    },
  },
  {
    ...streamed,
    name: 'pipewright stream() of a chat model, .text',
    make: async () => {
      const model = chatModel(provider);
      return () => readText(pipewright.stream(model, 'hi').text);
    },
  },
];

export const contenders: readonly Contender[] = [plainSteps, plainDeltas, ...own];

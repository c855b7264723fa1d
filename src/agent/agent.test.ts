import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  createRun,
  fromJson,
  type Memory,
  type Message,
  pairedMessages,
  PipewrightError,
  sleep,
  toJson,
  user,
} from '../core/index.js';
import { callsTool, manualClock, scripted, type ScriptTurn } from '../testing/index.js';
import { tool } from '../tool/index.js';
import { agent, type AgentState } from './index.js';

const double = tool({
  name: 'double',
  description: 'Doubles a number.',
  input: z.object({ n: z.number() }),
  run: ({ n }) => n * 2,
});

const twoCalls: ScriptTurn = [
  { type: 'tool-call-delta', key: 'a', id: 'a', name: 'double', text: '{"n": 1}' },
  { type: 'tool-call-delta', key: 'b', id: 'b', name: 'double', text: '{"n": 2}' },
  { type: 'finish', reason: 'tool-call' },
];

describe('agent', () => {
  it('calls tools, reads their results, and answers', async () => {
    const model = scripted([callsTool('double', { n: 21 }), 'It is 42.']);
    const result = await agent(model, { tools: [double], system: 'Count well.' })('What is twice 21?');
    expect(result).toMatchObject({ text: 'It is 42.', output: 'It is 42.', stopReason: 'answered' });
    expect(result.steps).toMatchObject([
      { calls: [{ name: 'double' }], results: [{ output: 42 }] },
      { text: 'It is 42.', calls: [], results: [] },
    ]);
    expect(result.messages.map(({ role }) => role)).toEqual(['assistant', 'tool', 'assistant']);
    expect(result.usage.outputTokens).toBe(4);
    expect(model.requests[1]?.messages[0]).toEqual({ role: 'system', content: 'Count well.' });
  });

  it('shows the model what failed, and goes on', async () => {
    const model = scripted([callsTool('double', { n: 'x' }), callsTool('triple', {}), 'Sorry.']);
    const { steps } = await agent(model, { tools: [double] })('?');
    expect(steps.map(({ results }) => results[0]?.isError)).toEqual([true, true, undefined]);
  });

  it('Q28 works with a model that cannot call tools', async () => {
    const model = scripted(['<tool_call>{"name": "double", "arguments": {"n": 4}}</tool_call>', 'Eight.'], {
      features: { tools: false },
    });
    const { text, steps } = await agent(model, { tools: [double] })('Twice four?');
    expect([text, steps[0]?.results[0]?.output]).toEqual(['Eight.', 8]);
  });

  it('stops at its limit of steps, with every call answered', async () => {
    const model = scripted([callsTool('double', { n: 1 })], { shouldRepeat: true });
    const { stopReason, steps, output, messages } = await agent(model, { tools: [double], maxSteps: 3 })('?');
    expect([stopReason, steps.length, output]).toEqual(['max-steps', 3, undefined]);
    expect(pairedMessages(messages)).toEqual(messages);
  });

  it('has its steps for each task, and not for all of them together', async () => {
    const once = agent(scripted(['One.', 'Two.']), { maxSteps: 1 });
    const { state } = await once('First.');
    expect(await once({ state, messages: [user('Second.')] })).toMatchObject({ text: 'Two.', stopReason: 'answered' });
  });

  it('stops at a budget of its own, and passes on that of the run around it', async () => {
    const looping = () => scripted([callsTool('double', { n: 1 })], { shouldRepeat: true });
    const limited = agent(looping(), { tools: [double], budget: { maxCalls: 2 } });
    expect(await limited('?')).toMatchObject({ stopReason: 'budget', steps: [{}, {}] });
    const run = createRun({ budget: { maxCalls: 2 } });
    await expect(agent(looping(), { tools: [double] })('?', run)).rejects.toMatchObject({ code: 'budget-exceeded' });
  });

  it('stops when its own condition says so', async () => {
    const model = scripted([callsTool('double', { n: 1 })], { shouldRepeat: true });
    const stopping = agent(model, { tools: [double], shouldStop: ({ messages }) => messages.length > 4 });
    expect(await stopping('?')).toMatchObject({ stopReason: 'stopped', steps: [{}, {}] });
  });

  it.each([
    ['length', 'cut'],
    ['content-filter', 'refused'],
  ] as const)('Q12 runs nothing of a reply that ended by %s', async (reason, stopReason) => {
    const turn: ScriptTurn = [
      { type: 'text-delta', text: 'I will' },
      { type: 'tool-call-delta', key: 'a', id: 'a', name: 'double', text: '{"n": 1}' },
      { type: 'finish', reason },
    ];
    const { steps, messages, ...result } = await agent(scripted([turn]), { tools: [double] })('?');
    expect(result).toMatchObject({ stopReason, text: 'I will' });
    expect(messages).toEqual([{ role: 'assistant', content: 'I will' }]);
  });

  it('gives a typed answer, and has one that does not fit corrected', async () => {
    const output = z.object({ n: z.number() });
    for (const features of [{}, { jsonSchemaWithTools: false }, { tools: false, jsonSchema: false }]) {
      const byTool = features.jsonSchemaWithTools === false;
      const turns: readonly ScriptTurn[] = [
        byTool ? callsTool('answer', { n: 'x' }) : '{"n": "x"}',
        byTool ? callsTool('answer', { n: 42 }) : '{"n": 42}',
      ];
      const typed = agent(scripted(turns, { features }), { tools: byTool ? [double] : [], output });
      const result = await typed('Twice 21?');
      expect(result.output?.n).toBe(42);
      expect(result.stopReason).toBe('answered');
    }
  });

  it('an answer beside calls of tools does not count', async () => {
    const both: ScriptTurn = [
      { type: 'tool-call-delta', key: 'a', id: 'a', name: 'double', text: '{"n": 1}' },
      { type: 'tool-call-delta', key: 'b', id: 'b', name: 'answer', text: '{"n": 0}' },
      { type: 'finish', reason: 'tool-call' },
    ];
    const model = scripted([both, callsTool('answer', { n: 2 })], { features: { jsonSchemaWithTools: false } });
    const { output, steps } = await agent(model, { tools: [double], output: z.object({ n: z.number() }) })('?');
    expect(output).toEqual({ n: 2 });
    expect(steps[0]?.results).toHaveLength(1);
  });

  it('Q02 rejects with the reason of an abort inside a tool, and asks the model no more', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const stopping = tool({
      name: 'stop',
      description: 'Stops.',
      input: z.object({}),
      run: () => {
        controller.abort(reason);
        return 'ignored';
      },
    });
    const model = scripted([callsTool('stop', {}), 'never']);
    const run = createRun({ signal: controller.signal });
    await expect(agent(model, { tools: [stopping] })('?', run)).rejects.toBe(reason);
    expect(model.requests).toHaveLength(1);
  });

  it('Q21 gives the same next request, whichever tool ends first, and only adds to it', async () => {
    const requests: string[] = [];
    for (const slow of ['a', 'b']) {
      const clock = manualClock();
      const waiting = tool({
        name: 'double',
        description: 'Doubles.',
        input: z.object({ n: z.number() }),
        run: async ({ n }, run) => {
          await sleep((n === 1) === (slow === 'a') ? 20 : 10, run);
          return n * 2;
        },
      });
      const model = scripted([twoCalls, 'Done.']);
      const running = agent(model, { tools: [waiting] })('?', createRun({ clock }));
      await clock.advance(50);
      await running;
      const [first, second] = model.requests.map(({ messages }) => JSON.stringify(messages));
      expect(second?.startsWith((first ?? '').slice(0, -1))).toBe(true);
      requests.push(second ?? '');
    }
    expect(requests[0]).toBe(requests[1]);
  });

  it('Q25 goes on from every state that it was in, after a restart, and does nothing twice', async () => {
    const whole: { readonly text: string; readonly states: readonly AgentState[] } = await (async () => {
      const states: AgentState[] = [];
      const model = scripted([twoCalls, callsTool('double', { n: 3 }, 'c'), 'Done.']);
      const onState = (state: AgentState): void => void states.push(state);
      const { text } = await agent(model, { tools: [double], onState })('?');
      return { text, states };
    })();
    expect(whole.states.length).toBe(8);
    for (const state of whole.states) {
      const done: number[] = [];
      const counted = tool({
        name: 'double',
        description: 'Doubles.',
        input: z.object({ n: z.number() }),
        run: ({ n }) => {
          done.push(n);
          return n * 2;
        },
      });
      const replies = state.messages.filter(({ role }) => role === 'assistant').length;
      const model = scripted([twoCalls, callsTool('double', { n: 3 }, 'c'), 'Done.'].slice(replies));
      const kept = fromJson(JSON.parse(JSON.stringify(toJson(state)))) as AgentState;
      const { text, messages } = await agent(model, { tools: [counted] })({ state: kept });
      expect(text).toBe(whole.text);
      expect(pairedMessages(messages)).toEqual(messages);
      expect(messages.filter(({ role }) => role === 'tool')).toHaveLength(2);
      const before = state.messages.filter(({ role }) => role === 'tool').length === 2 ? 3 : undefined;
      expect(done).not.toContain(before);
      for (const { id } of state.results) expect(done).not.toContain(id === 'a' ? 1 : 2);
    }
  });

  it('goes on with a further message', async () => {
    const model = scripted(['One.', 'Two.']);
    const counting = agent(model);
    const { state } = await counting('Count.');
    const { text, messages } = await counting({ state, messages: [user('Go on.')] });
    expect(text).toBe('Two.');
    expect(messages).toHaveLength(3);
    expect(model.requests[1]?.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user']);
  });

  it('leaves out the oldest of a conversation that is longer than the window of the model', async () => {
    const model = scripted(['Short.'], { limits: { contextTokens: 200, maxOutputTokens: 20 } });
    const long: readonly Message[] = [user('word '.repeat(300)), { role: 'assistant', content: 'Yes.' }, user('And?')];
    await agent(model)(long);
    expect(model.requests[0]?.messages).toEqual([user('And?')]);
  });

  it('tells the memory what was said, and the model what is remembered', async () => {
    const kept: Message[] = [];
    const memory = {
      kind: 'test',
      add: async (messages: readonly Message[]) => void kept.push(...messages),
      recall: async () => ({ messages: [...kept], turns: [...kept], tokens: 0, notes: [], leftOut: 0 }),
      clear: async () => undefined,
    } satisfies Memory;
    const model = scripted(['Hello Ann.', 'Ann.']);
    const remembering = agent(model, { memory });
    await remembering('I am Ann.');
    await remembering('Who am I?');
    expect(model.requests[1]?.messages.map(({ content }) => content)).toEqual([
      'I am Ann.',
      [{ type: 'text', text: 'Hello Ann.' }],
      'Who am I?',
    ]);
  });

  it.each([
    ['no message', [], 'bad-input'],
    ['a state of a newer release', { state: { version: 2 } }, 'store-newer'],
  ])('refuses %s', async (_, input, code) => {
    await expect(agent(scripted(['a']))(input as never)).rejects.toMatchObject({ code });
  });

  it('passes on what the model fails with', async () => {
    const error = new PipewrightError('model-overloaded', 'Busy.', { retryable: true });
    await expect(agent(scripted([[{ type: 'throw', error }]]))('?')).rejects.toBe(error);
  });
});

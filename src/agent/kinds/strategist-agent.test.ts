import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createRun, explain, sleep } from '../../core/index.js';
import { callsTool, manualClock, scripted } from '../../testing/index.js';
import { type Tool, tool } from '../../tool/index.js';
import { strategistAgent } from './strategist-agent.js';

const made = (name: string, description: string, run: (input: { readonly q: string }) => unknown): Tool =>
  tool({ name, description, input: z.object({ q: z.string() }), run });
const web = made('search_web', 'Searches the web.', () => []);
const wiki = made('search_wiki', 'Searches an encyclopedia.', ({ q }) => `About ${q}.`);
const broken = made('ask_oracle', 'Answers anything.', () => {
  throw new Error('The oracle sleeps.');
});
const tools = [web, wiki, broken];

const plan = (...names: readonly string[]): string =>
  JSON.stringify({
    analysis: 'It needs facts.',
    steps: names.map((name) => ({ tool: name, why: 'It knows.', expect: 'A fact.', fallbacks: [] })),
  });
const call = (name: string, q: string, id = `${name}-${q}`) => callsTool(name, { q }, id);

describe('strategistAgent', () => {
  it('gives the model the tools of its plan alone, and tells it the plan', async () => {
    const model = scripted([plan('search_wiki'), call('search_wiki', 'tea'), 'A plant.']);
    const result = await strategistAgent(model, { tools, system: 'Be brief.' })('What is tea?');
    expect(result).toMatchObject({ text: 'A plant.', adaptations: [], plan: { madeBy: 'model' } });
    expect(model.requests[1]?.tools?.map(({ name }) => name)).toEqual(['search_wiki']);
    expect(JSON.stringify(model.requests[1]?.messages[0])).toContain('1. search_wiki: It knows. Expect: A fact.');
    expect(result.tools).toMatchObject([
      { tool: 'search_wiki', isPlanned: true, calls: 1, useful: 1, failures: 0, empty: 0, repeats: 0 },
    ]);
  });

  it('makes another plan when results disappoint: empty, failed, the same again', async () => {
    const model = scripted([
      plan('search_web', 'ask_oracle'),
      call('search_web', 'tea'),
      call('ask_oracle', 'tea'),
      plan('search_wiki'),
      call('search_wiki', 'tea', 'a'),
      call('search_wiki', 'tea', 'b'),
      call('search_wiki', 'tea', 'c'),
      plan('search_web'),
      'A plant.',
    ]);
    const result = await strategistAgent(model, { tools })('What is tea?');
    expect(result.adaptations).toMatchObject([
      { afterSteps: 2, problems: ['search_web {"q":"tea"}: empty', expect.stringContaining('The oracle sleeps.')] },
      { afterSteps: 5, problems: [expect.stringContaining('repeated'), expect.stringContaining('repeated')] },
    ]);
    expect(JSON.stringify(model.requests[3]?.messages)).toContain('The oracle sleeps.');
    expect(result.tools).toMatchObject([
      { tool: 'search_web', isPlanned: true, calls: 1, empty: 1, useful: 0 },
      { tool: 'ask_oracle', isPlanned: false, failures: 1 },
      { tool: 'search_wiki', isPlanned: false, calls: 3, repeats: 2, useful: 1 },
    ]);
  });

  it('makes no more plans than it may', async () => {
    const model = scripted([plan('search_web'), ...'abcd'.split('').map((q) => call('search_web', q)), 'Nothing.']);
    const result = await strategistAgent(model, { tools, maxAdaptations: 0, patience: 1 })('?');
    expect(result).toMatchObject({ text: 'Nothing.', adaptations: [], tools: [{ empty: 4 }] });
  });

  it('shows a planner the tools that are not there, once, and plans by words when it keeps to them', async () => {
    const once = scripted([plan('search_moon'), plan('search_wiki'), 'Done.']);
    expect((await strategistAgent(once, { tools })('?')).plan?.steps.map((step) => step.tool)).toEqual(['search_wiki']);
    expect(JSON.stringify(once.requests[1]?.messages)).toContain('There is no tool `search_moon`');
    const always = scripted([plan('search_moon'), 'I would search the moon.', 'Done.']);
    const result = await strategistAgent(always, { tools })('Search an encyclopedia.');
    expect(result).toMatchObject({ text: 'Done.', plan: { madeBy: 'words' } });
    expect(result.plan?.steps.map((step) => step.tool)).toContain('search_wiki');
  });

  it('refuses a tool that is not of the plan, and counts that against the plan', async () => {
    const model = scripted([plan('search_web'), call('search_wiki', 'tea'), plan('search_wiki'), 'A plant.']);
    const result = await strategistAgent(model, { tools, patience: 1 })('?');
    expect(result.steps[0]?.results[0]).toMatchObject({ isError: true, output: expect.stringContaining('the plan') });
    expect(result.plan?.steps[0]?.tool).toBe('search_wiki');
  });

  it('plans among the few tools that fit the task where there are hundreds', async () => {
    const many = Array.from({ length: 300 }, (_, at) => made(`tool_${at}`, `Does thing ${at}.`, () => at));
    const model = scripted([plan('search_wiki'), 'Done.']);
    await strategistAgent(model, { tools: [...many, wiki], maxCandidates: 10 })('Look into an encyclopedia.');
    const rules = JSON.stringify(model.requests[0]?.messages[0]);
    expect(rules).toContain('- search_wiki');
    expect(rules.split('\\n- ')).toHaveLength(11);
  });

  it('reports the time of each tool, also over a crash', async () => {
    const clock = manualClock();
    const slow = tool({
      name: 'slow',
      description: '',
      input: z.object({}),
      run: async (_, run) => {
        await sleep(30, run);
        return 'ok';
      },
    });
    const states: unknown[] = [];
    const model = scripted([plan('slow'), callsTool('slow', {}), 'Done.']);
    const agent = strategistAgent(model, { tools: [slow], onState: (state) => void states.push(state) });
    const running = agent('?', createRun({ clock }));
    await clock.advance(100);
    expect((await running).tools).toMatchObject([{ tool: 'slow', totalMs: 30 }]);
    const later = strategistAgent(scripted([]), { tools: [slow] });
    expect((await later({ state: states.at(-1) as never })).tools).toMatchObject([{ tool: 'slow', totalMs: 30 }]);
  });

  it('says what it costs', () => {
    const agent = strategistAgent(scripted([]), { tools, maxSteps: 5, maxAdaptations: 1 });
    expect(explain(agent).maxModelCalls).toBe(5 + 2 * 2);
    expect(explain(strategistAgent(scripted([]), { maxSteps: 5 })).maxModelCalls).toBe(5);
  });
});

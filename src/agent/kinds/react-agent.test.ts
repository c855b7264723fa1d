import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { scripted } from '../../testing/index.js';
import { tool } from '../../tool/index.js';
import { reactAgent } from './react-agent.js';
import { finalAnswerIn, mendReact, thoughtIn } from './react-text.js';

const find = tool({
  name: 'find_city',
  description: 'Finds a city.',
  input: z.object({ name: z.string() }),
  isReadOnly: true,
  run: ({ name }) => `${name} is in France.`,
});
const add = tool({
  name: 'add',
  description: 'Adds.',
  input: z.object({ a: z.number(), b: z.number() }),
  run: ({ a, b }) => a + b,
});
const definitions = [find.definition, add.definition];

describe('what a model wrote', () => {
  it.each([
    ['Action: find_city[Paris]', 'Action: find_city\nAction Input: {"name":"Paris"}'],
    ['Action 1: find_city("Paris")', 'Action: find_city\nAction Input: {"name":"Paris"}'],
    ['**Action:** `Find City`\n**Action Input:** Paris', 'Action: find_city\nAction Input: {"name":"Paris"}'],
    ['Action: FindCity\nAction Input: {"name": "Paris"}', 'Action: find_city\nAction Input: {"name": "Paris"}'],
    ['Action: add\nAction Input: {"a": 1, "b": 2}', 'Action: add\nAction Input: {"a": 1, "b": 2}'],
    ['Action: add\nAction Input: 1 and 2', 'Action: add\nAction Input: 1 and 2'],
    ['Action: fly\nAction Input: {}', 'Action: fly\nAction Input: {}'],
    ['Thought: Done.\nAction: Finish[Paris]', 'Thought: Done.\nFinal Answer: Paris'],
    ['Action: Final Answer\nAction Input: {"answer": "Paris"}', 'Final Answer: Paris'],
    [
      'Action: find_city[Paris]\nObservation: It is on the moon.\nFinal Answer: The moon',
      'Action: find_city\nAction Input: {"name":"Paris"}\n',
    ],
    ['Action: find_city[Paris]\nAction: Finish[The moon]', 'Action: find_city\nAction Input: {"name":"Paris"}'],
    ['Paris: an Action film.', 'Paris: an Action film.'],
  ])('%j becomes %j', (text, mended) => {
    expect(mendReact(text, definitions).trim()).toBe(mended.trim());
  });

  it.each([
    ['Thought: Easy.\nFinal Answer: Paris', 'Paris'],
    ['**Final Answer:** Paris\nand Lyon', 'Paris\nand Lyon'],
    ['The final answer is: Paris', 'Paris'],
    ['### Answer: Paris', 'Paris'],
    ['Final Answer: Paris\nQuestion: And now?\nThought: Hm.\nFinal Answer: Rome', 'Paris'],
    ['<think>Final Answer: Rome</think>\nFinal Answer: Paris', 'Paris'],
    ['It is Paris.', 'It is Paris.'],
    ['Thought: I know it.\nIt is Paris.', 'It is Paris.'],
    ['Thought: I should look it up.', undefined],
    ['Final Answer:', undefined],
    ['', undefined],
    ['Action:\nAction Input: {"name": "Paris"}', undefined],
    ['Action Input: {"name": "Paris"}', undefined],
  ])('%j answers %j', (text, answer) => {
    expect(finalAnswerIn(text)).toBe(answer);
  });

  it.each([
    ['Thought: Easy.\nFinal Answer: Paris', 'Easy.'],
    ['**Thought 1:** Look.\n', 'Look.'],
    ['It is Paris.', ''],
    ['Thought: I know it.\nIt is Paris.', 'I know it.'],
  ])('%j thinks %j', (text, thought) => {
    expect(thoughtIn(text)).toBe(thought);
  });
});

describe('reactAgent', () => {
  it.each([true, false])('Q28 tells thoughts, actions and observations (tools of its own: %s)', async (tools) => {
    const turns = ['Thought: I look.\nAction: find_city[Paris]', 'Thought: I know.\nFinal Answer: France.'];
    const model = scripted(turns, { features: { tools } });
    const result = await reactAgent(model, { tools: [find, add] })('Where is Paris?');
    expect(result).toMatchObject({ text: 'France.', output: 'France.', stopReason: 'answered' });
    expect(result.turns).toEqual([
      {
        thought: 'I look.',
        action: { tool: 'find_city', input: { name: 'Paris' } },
        observation: 'Paris is in France.',
        isError: false,
      },
      { thought: 'I know.' },
    ]);
    expect(model.requests[0]?.tools).toBeUndefined();
    expect(JSON.stringify(model.requests[1]?.messages)).toContain('Observation: Paris is in France.');
  });

  it('Q28 reports what cannot be mended, and a reply without action and answer', async () => {
    const turns = ['Action: fly[Paris]', 'Action: add\nAction Input: 1 and 2', 'Thought: Hm.', 'Final Answer: Done.'];
    const model = scripted(turns);
    const { turns: told, text } = await reactAgent(model, { tools: [find, add] })('?');
    expect(text).toBe('Done.');
    expect(told.map(({ isError }) => isError)).toEqual([true, true, undefined, undefined]);
    expect(told[0]?.observation).toContain('There is no tool `fly`');
    expect(JSON.stringify(model.requests[3]?.messages.at(-1))).toContain('neither an action');
  });

  it('ends with a model that only ever thinks', async () => {
    const model = scripted(['Thought: Hm.'], { shouldRepeat: true });
    expect(await reactAgent(model, { maxSteps: 4 })('?')).toMatchObject({ stopReason: 'max-steps', output: undefined });
  });

  it('tells the model of an action that brings the same again, and stops in the end', async () => {
    const model = scripted(['Action: find_city[Paris]'], { shouldRepeat: true });
    const result = await reactAgent(model, { tools: [find], maxRepeats: 3 })('?');
    expect(result).toMatchObject({ stopReason: 'stopped', turns: [{}, {}, {}] });
    expect(JSON.stringify(model.requests[1])).not.toContain('This is call');
    expect(JSON.stringify(model.requests[2])).toContain('This is call 2 of `find_city`');
    // The note is for the model: what came of the action stays as it was.
    expect(result.turns[1]?.observation).toBe('Paris is in France.');
  });

  it('does not mind the same action with another result', async () => {
    let asked = 0;
    const poll = tool({ name: 'poll', description: '', input: z.object({}), run: () => `${asked++} of 9` });
    const model = scripted([...Array.from({ length: 9 }, () => 'Action: poll'), 'Final Answer: 9']);
    expect((await reactAgent(model, { tools: [poll], maxRepeats: 2 })('?')).text).toBe('9');
  });

  it('does not mind the same result of other arguments', async () => {
    const seek = tool({ name: 'seek', description: '', input: z.object({ q: z.string() }), run: () => 'None.' });
    const model = scripted([...'abcde'.split('').map((q) => `Action: seek[${q}]`), 'Final Answer: None']);
    expect((await reactAgent(model, { tools: [seek], maxRepeats: 2 })('?')).text).toBe('None');
  });

  it('gives a typed answer', async () => {
    const output = z.object({ n: z.number() });
    for (const turns of [
      ['Action: answer\nAction Input: {"n": 7}'],
      ['Final Answer: {"n": 7}'],
      ['{"n": "x"}', '{"n": 7}'],
    ]) {
      const result = await reactAgent(scripted(turns), { tools: [add], output })('?');
      expect([result.output, result.stopReason]).toEqual([{ n: 7 }, 'answered']);
    }
  });

  it('has its answers checked without what stands around them', async () => {
    const seen: string[] = [];
    const checkAnswer = (text: string): readonly string[] => {
      seen.push(text);
      return text === 'No.' ? ['Say yes.'] : [];
    };
    const model = scripted(['Thought: a\nFinal Answer: No.', 'Thought: b\nFinal Answer: Yes.']);
    expect((await reactAgent(model, { checkAnswer })('?')).text).toBe('Yes.');
    expect(seen).toEqual(['No.', 'Yes.']);
  });
});

import fc from 'fast-check';
import { get_encoding } from 'tiktoken';
import { afterAll, describe, expect, it } from 'vitest';
import { assistant, explain, type Message, pairedMessages, type Part, partsOf, textOf, user } from '../core/index.js';
import { type ChatRequest, tokenCounter, type ToolDefinition } from '../model/index.js';
import { scripted } from '../testing/index.js';
import { extractiveCompressor, type LayerBlock, layeredContext, standardLayers, summaryCompressor } from './index.js';

const facts = (count: number, about: string): string =>
  Array.from({ length: count }, (_, at) => `Fact ${at} about ${about} says ${about}${at * 7} of ${at + 3}.`).join(' ');
const passage = (id: string, count: number): LayerBlock => ({ id, text: facts(count, id), title: `On ${id}` });
const turns = (count: number): readonly Message[] =>
  Array.from({ length: count }, (_, at) => [user(`Question ${at}?`), assistant(`Answer ${at} it is.`)]).flat();
const call = (id: string): readonly Message[] => [
  { role: 'assistant', content: [{ type: 'tool-call', id, name: 'clock', input: {} }] },
  { role: 'tool', content: [{ type: 'tool-result', id, name: 'clock', output: `It is four. ${id}` }] },
];
const tools: readonly ToolDefinition[] = [
  { name: 'clock', description: 'Tells the time.', inputSchema: { type: 'object', properties: {} } },
];

const reference = get_encoding('o200k_base');
afterAll(() => reference.free());
const counted = (text: string): number => reference.encode_ordinary(text).length;
const countedPart = (part: Part): number => {
  if (part.type === 'text') return counted(part.text);
  if (part.type === 'source') return counted(part.title ?? '') + counted(part.text) + 8;
  if (part.type === 'tool-call') return counted(part.name) + counted(JSON.stringify(part.input)) + 10;
  return part.type === 'tool-result' ? counted(String(part.output)) + 10 : Number.NaN;
};
const toolTokens = (await tokenCounter('gpt-5').countRequest({ messages: [], tools })).tokens;
/** Another count than the one that the context is made with. */
const independentCount = ({ messages, tools: given = [] }: ChatRequest): number =>
  messages.reduce(
    (sum, message) => partsOf(message).reduce((all, part) => all + countedPart(part), sum + 3 + counted(message.role)),
    given.length === 0 ? 2 : toolTokens,
  );

const contents = {
  system: 'You are brief.',
  task: 'Answer from the sources.',
  history: turns(3),
  profile: 'Likes tea.',
  knowledge: [passage('tea', 4), passage('rain', 4)],
  query: 'What is tea?',
};

describe('layeredContext', () => {
  it('puts the layers in order, those of one voice into one message, and counts the whole', async () => {
    const { messages, tokens, layers } = await layeredContext({ maxTokens: 2_000, tools })(contents);
    expect(messages.map(({ role }) => role)).toEqual(['system', ...contents.history.map(({ role }) => role), 'user']);
    expect(textOf(messages[0] as Message)).toBe('You are brief.\n\nAnswer from the sources.');
    expect(partsOf(messages.at(-1) as Message).map((part) => (part.type === 'source' ? part.id : part.type))).toEqual([
      'profile',
      'tea',
      'rain',
      'text',
    ]);
    expect(layers.map(({ name, outcome }) => `${name} ${outcome}`)).toEqual(
      Object.keys(contents).map((name) => `${name} whole`),
    );
    expect(tokens).toBe(independentCount({ messages, tools }));
    expect(tokens - layers.reduce((sum, layer) => sum + layer.tokens, 0)).toBeGreaterThan(0);
  });

  it('gives room by priority within shares, and says what was left out', async () => {
    const long = { ...contents, history: turns(40), knowledge: [passage('tea', 12), passage('rain', 40)] };
    const { messages, tokens, layers } = await layeredContext({ maxTokens: 700 })(long);
    const report = Object.fromEntries(layers.map((layer) => [layer.name, layer]));
    expect(report.history?.outcome).toBe('cut');
    expect(report.history?.tokens).toBeLessThanOrEqual(350);
    expect(report.history?.leftOutMessages?.length).toBeGreaterThan(10);
    expect(report.knowledge).toMatchObject({ outcome: 'cut', leftOutBlocks: [{ reason: 'cut' }] });
    expect(report.query?.outcome).toBe('whole');
    expect(tokens).toBeLessThanOrEqual(700);
    expect(tokens).toBeGreaterThan(640);
    expect(messages.at(-2)).toEqual(long.history.at(-1));
  });

  it('keeps the least room of a layer free while those before it are filled', async () => {
    const layers = { ...standardLayers, history: { priority: 2 }, knowledge: { minTokens: 200 } };
    const long = { ...contents, history: turns(60), knowledge: [passage('tea', 40)] };
    const { layers: report } = await layeredContext({ maxTokens: 600, layers })(long);
    expect(report.find(({ name }) => name === 'knowledge')?.tokens).toBeGreaterThan(170);
    const without = await layeredContext({ maxTokens: 600, layers: { ...layers, knowledge: {} } })(long);
    expect(without.layers.find(({ name }) => name === 'knowledge')?.outcome).toBe('left-out');
  });

  it('compresses a required layer that does not fit', async () => {
    const layers = { ...standardLayers, task: { ...standardLayers.task, fit: extractiveCompressor() } };
    const task = facts(40, 'tea');
    const { messages, layers: report } = await layeredContext({ maxTokens: 200, layers })({ task, query: 'tea63?' });
    expect(report).toMatchObject([{ name: 'task', outcome: 'compressed' }, { outcome: 'whole' }]);
    expect(textOf(messages[0] as Message)).toContain('tea63');
    for (const sentence of textOf(messages[0] as Message).split('. ')) expect(task).toContain(sentence);
  });

  it('names the required layer that does not fit, and its tokens', async () => {
    const context = layeredContext({ maxTokens: 60, reserveTokens: 20 });
    await expect(context({ system: facts(10, 'tea'), query: 'Why?' })).rejects.toMatchObject({
      code: 'context-too-long',
      message: expect.stringMatching(/`system` takes \d+ tokens, and there is room for \d+ of 60 with 20 reserved/),
      details: { where: 'system' },
    });
    await expect(layeredContext({ maxTokens: 10, tools })({})).rejects.toMatchObject({ code: 'context-too-long' });
    await expect(context({ sytem: 'x' } as never)).rejects.toMatchObject({ code: 'bad-input' });
    expect(() => layeredContext({ maxTokens: 1, layers: { a: { maxRatio: 2 } } })).toThrow(/layers\.a\.maxRatio/);
  });

  it('Q03 keeps calls and their results together', async () => {
    const history = [user('a'), ...call('1'), assistant('b'), user('c'), ...call('2'), assistant('d')];
    for (let maxTokens = 20; maxTokens < 140; maxTokens += 3) {
      const { messages } = await layeredContext({ maxTokens })({ history, query: 'e' });
      expect(pairedMessages(messages)).toEqual(messages);
    }
  });

  it('Q21 begins byte by byte the same when only knowledge and query change', async () => {
    const layers = { ...standardLayers, history: { ...standardLayers.history, cache: '5m' as const } };
    const context = layeredContext({ maxTokens: 900, layers });
    const long = { ...contents, history: turns(60) };
    const first = await context(long);
    const second = await context({
      ...long,
      knowledge: [passage('iron', 60)],
      query: 'And why does iron rust, if it does?',
    });
    const prefix = JSON.stringify(first.messages.slice(0, -1));
    expect(JSON.stringify(second.messages.slice(0, -1))).toBe(prefix);
    expect(prefix).toContain('"cache":"5m"');
    expect(first.messages.at(-1)).not.toEqual(second.messages.at(-1));
  });

  it('asks a compressor for what the query is about, and says in advance what that may cost', async () => {
    const model = scripted(['{"text":"Tea is hot."}']);
    const layers = { system: standardLayers.system, profile: { role: 'data' as const, fit: summaryCompressor(model) } };
    const context = layeredContext({ maxTokens: 60, layers });
    const { messages } = await context({ system: 'Be brief.', profile: facts(20, 'tea') });
    expect(partsOf(messages[1] as Message)).toEqual([
      { type: 'source', id: 'profile', title: 'profile', text: 'Tea is hot.' },
    ]);
    expect(explain(context).maxModelCalls).toBe(4);
  });

  it('compresses passages into excerpts that stand in them letter by letter', async () => {
    const knowledge = [passage('tea', 30), passage('rain', 30)];
    const layers = { knowledge: { fit: extractiveCompressor() }, query: standardLayers.query };
    const { messages, layers: report } = await layeredContext({ maxTokens: 400, layers })({
      knowledge,
      query: 'tea63 rain35',
    });
    expect(report[0]?.outcome).not.toBe('whole');
    const sources = partsOf(messages[0] as Message).flatMap((part) => (part.type === 'source' ? [part] : []));
    expect(sources.length).toBeGreaterThan(1);
    for (const { id, text } of sources) {
      const [, name, start, end] = /^(\w+)@(\d+)-(\d+)$/u.exec(id) ?? [];
      expect(knowledge.find((one) => one.id === name)?.text.slice(Number(start), Number(end))).toBe(text);
    }
  });

  it('never exceeds the window by one token, tools and reserve counted (10,000 random cases)', async () => {
    const text = fc
      .array(fc.constantFrom('Tea is hot. ', 'It', ' 1', '23', '\n', "don'", 't', '漢字。', '😀', '/', '  ', 'x'), {
        maxLength: 9,
      })
      .map((pieces) => pieces.join(''));
    const message = fc.oneof(
      text.map((one) => [user(one)]),
      text.map((one) => [assistant(one)]),
      fc.constantFrom(call('1'), call('2')),
    );
    const fit = fc.constantFrom('whole' as const, 'cut' as const, extractiveCompressor());
    const settings = fc.record({
      role: fc.constantFrom('system' as const, 'user' as const, 'data' as const),
      isRequired: fc.boolean(),
      priority: fc.nat(2),
      minTokens: fc.nat(20),
      maxRatio: fc.constantFrom(0.3, 1),
      fit,
    });
    const content = fc.oneof(
      text,
      fc.array(message, { maxLength: 4 }).map((some) => some.flat()),
      fc.array(fc.record({ id: fc.constantFrom('p', 'q', 'r'), text }), { maxLength: 3 }),
    );
    const layer = fc.record({ settings, content });
    const some = fc.record({ a: layer, b: layer, c: layer });
    const options = fc.record({
      maxTokens: fc.nat(150),
      reserveTokens: fc.nat(10),
      tools: fc.constantFrom([], tools),
    });
    let made = 0;
    await fc.assert(
      fc.asyncProperty(some, options, async ({ a, b, c }, given) => {
        const layers = { a: a.settings, b: b.settings, c: c.settings };
        const context = layeredContext({ ...given, layers });
        const context_ = await context({ a: a.content, b: b.content, c: c.content }).catch(
          (error: { code?: string }) => {
            if (error.code !== 'context-too-long') throw error;
          },
        );
        if (context_ === undefined) return true;
        made++;
        const tokens = independentCount({ messages: context_.messages, tools: given.tools });
        return tokens === context_.tokens && tokens + given.reserveTokens <= given.maxTokens;
      }),
      { numRuns: 10_000 },
    );
    expect(made).toBeGreaterThan(3_000);
  }, 60_000);
});

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { assistant, type Message, user } from '../core/index.js';
import type { ToolDefinition } from '../model/index.js';
import { scripted, testRun } from '../testing/index.js';
import { fewTools, pickTools } from './index.js';

const tool = (name: string, description: string, properties = {}): ToolDefinition => ({
  name,
  description,
  inputSchema: { type: 'object', properties },
});
const tools = [
  tool('send_mail', 'Sends a message to an address.'),
  tool('getWeather', 'Tells the forecast of a city.'),
  tool('book_flight', 'Books a seat.', { airport: { type: 'string', description: 'Where the plane departs' } }),
  tool('convert_money', 'Converts between currencies.'),
];

describe('pickTools', () => {
  it('finds tools by their names, descriptions and parameters, and keeps their order', async () => {
    const names = async (text: string, count: number) => (await pickTools(tools, text, count)).map(({ name }) => name);
    expect(await names('What is the weather like?', 1)).toEqual(['getWeather']);
    expect(await names('Which plane leaves the airport?', 1)).toEqual(['book_flight']);
    expect(await names('currencies and mail', 2)).toEqual(['send_mail', 'convert_money']);
    expect(await names('Hello', 2)).toEqual(['send_mail', 'getWeather']);
    expect(await names('weather', 9)).toHaveLength(4);
  });
});

describe('fewTools', () => {
  const offered = async (messages: readonly Message[], options = {}, request = {}) => {
    const model = scripted(['ok']);
    await fewTools(model, { maxTools: 1, ...options })({ messages, tools, ...request });
    return model.requests[0]?.tools?.map(({ name }) => name);
  };

  it('offers the tools that fit the last question', async () => {
    expect(await offered([user('Send a mail'), assistant('Done.'), user('And the weather?')])).toEqual(['getWeather']);
  });

  it('keeps what the conversation has used, what is named, and what must stay', async () => {
    const called: readonly Message[] = [
      user('Mail it'),
      { role: 'assistant', content: [{ type: 'tool-call', id: '1', name: 'send_mail', input: {} }] },
      { role: 'tool', content: [{ type: 'tool-result', id: '1', name: 'send_mail', output: 'sent' }] },
      user('And the weather?'),
    ];
    expect(await offered(called)).toEqual(['send_mail', 'getWeather']);
    expect(await offered([user('weather')], { always: ['book_flight'] })).toEqual(['getWeather', 'book_flight']);
    const toolChoice = { name: 'convert_money' };
    expect(await offered([user('weather')], {}, { toolChoice })).toEqual(['getWeather', 'convert_money']);
  });

  it('leaves a short list alone, says what it chose, and stays a chat model', async () => {
    const { run, events } = testRun();
    const model = fewTools(scripted(['a', 'b']), { maxTools: 2 });
    await model({ messages: [user('weather')], tools }, run);
    expect(events).toContainEqual(expect.objectContaining({ type: 'choice-made', chosen: 'send_mail, getWeather' }));
    expect((await model('no tools')).text).toBe('b');
    expect(model.features.tools).toBe(true);
  });
});

interface Case {
  readonly messages: readonly Message[];
  readonly functions: readonly {
    readonly name: string;
    readonly description: string;
    readonly parameters: Record<string, unknown>;
  }[];
  readonly expected: readonly { readonly name: string }[];
}

const file = join(process.env.PIPEWRIGHT_DATA ?? '../shared/data', 'tools/bfcl-300.jsonl');

describe.skipIf(!existsSync(file))('on requests for 362 recorded tools', () => {
  it('offers all tools that a request needs among the best five in nine of ten cases', async () => {
    const cases = readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Case);
    const known = new Map(cases.flatMap(({ functions }) => functions).map((each) => [each.name, each]));
    const all = [...known.values()].map(({ name, description, parameters }) => ({
      name,
      description,
      inputSchema: parameters,
    }));
    const needing = cases.filter(({ expected }) => expected.length > 0);
    const rates: Record<number, number> = {};
    for (const maxTools of [1, 5, 10]) {
      const seen: (readonly string[])[] = [];
      const inner = scripted(
        [
          (request) => {
            seen.push((request.tools ?? []).map(({ name }) => name));
            return 'ok';
          },
        ],
        { shouldRepeat: true },
      );
      const model = fewTools(inner, { maxTools });
      for (const { messages } of needing) await model({ messages, tools: all });
      const found = needing.filter(({ expected }, at) => expected.every(({ name }) => seen[at]?.includes(name)));
      rates[maxTools] = found.length / needing.length;
    }
    console.log(`share of ${needing.length} requests whose tools are all among the best n of ${all.length}:`, rates);
    expect(rates[5]).toBeGreaterThan(0.9);
  });
});

if (!existsSync(file)) console.log(`Left out: tools picked for recorded requests, as there is no ${file}.`);

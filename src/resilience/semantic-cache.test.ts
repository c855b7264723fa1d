import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { defineStepWith, type Embedder, inspect, type Run, system, user } from '../core/index.js';
import { type ChatInput, type ChatRequest, localEmbedder } from '../model/index.js';
import { scripted, testRun } from '../testing/index.js';
import { hnsw } from '../vector/index.js';
import { retry, semanticCache } from './index.js';
import { decisiveWords } from './semantic-cache-guard.js';

const embedder = localEmbedder();
/** Says how often it was called. */
const counted = (fail = false): Embedder & { readonly calls: { count: number } } => {
  const calls = { count: 0 };
  return defineStepWith(
    { kind: 'embedder', name: 'counted' },
    { id: 'counted', dimensions: 1024, calls },
    async (texts, run) => {
      calls.count += 1;
      if (fail) throw new Error('no embedder');
      return embedder(texts, run);
    },
  );
};
const answering = () =>
  scripted([({ messages }) => `answer to ${JSON.stringify(messages.at(-1)?.content)}`], { shouldRepeat: true });
const cachedModel = (options = {}) => semanticCache(answering(), { embedder, threshold: 0.75, ...options });

const question = 'How do I get a refund for my order?';
const paraphrase = 'How can I get a refund for an order?';

describe('semanticCache', () => {
  it('answers a question in other words, and tells how near it was', async () => {
    const model = cachedModel();
    const first = await model(question);
    const { run, events } = testRun();
    expect(await model(paraphrase, run)).toEqual(first);
    const hit = events.find((event) => event.type === 'cache-hit');
    expect(hit?.similarity).toBeGreaterThan(0.75);
    expect(hit?.similarity).toBeLessThan(1);
    expect(events.map((event) => (event.type === 'text-delta' ? event.text : '')).join('')).toBe(first.text);
    expect(run.meter.spent.calls).toBe(0);
    expect(model.requests).toHaveLength(1);
    expect(model.cache.stats()).toMatchObject({ hits: 1, misses: 1, entries: 1 });
  });

  it('does not answer another question, however many words it shares', async () => {
    const model = cachedModel();
    await model(question);
    await model('How do I get an invoice for my order?');
    expect(model.requests).toHaveLength(2);
  });

  it.each([
    ['What was the revenue in 2019?', 'What was the revenue in 2020?'],
    ['Is it allowed to carry a knife?', 'Is it not allowed to carry a knife?'],
    ['Why does the pump start?', "Why doesn't the pump start?"],
    ['How do I convert USD to EUR?', 'How do I convert EUR to USD?'],
    ['What is the capital of Norway?', 'What is the capital of Sweden?'],
    ["Who is Ann's manager?", "Who is Bob's manager?"],
    ['Norway, what is its capital?', 'Sweden, what is its capital?'],
    ['How do I enable logging?', 'How do I disable logging?'],
    ['What was the highest price?', 'What was the lowest price?'],
    ['What does it cost for 1,000 users?', 'What does it cost for 10,000 users?'],
    ['Does it work with v2?', 'Does it work with v3?'],
    ['Which two parts are needed?', 'Which three parts are needed?'],
    ['Who sequenced the first plastome?', 'When was the first plastome sequenced?'],
    ['In what year did it end?', 'Why did it end?'],
    ['How many people live there?', 'How long do people live there?'],
    ['Wie kündige ich den Vertrag?', 'Wie kündige ich den Vertrag nicht?'],
  ])('never takes “%s” for “%s”, whatever the threshold', async (asked, other) => {
    const model = cachedModel({ threshold: 0.01 });
    await model(asked);
    await model(other);
    expect(model.requests).toHaveLength(2);
  });

  it.each([
    ['What was the revenue in 2019?', 'what is the revenue of 2019'],
    ['It costs 1,000 dollars?', 'it is 1000 dollars'],
    ["Please tell me why the pump doesn't start.", 'Why does the pump not start?'],
    ['In what year did it end?', 'When did it all come to an end?'],
    ["What is Norway's capital?", 'What is the capital of Norway?'],
  ])('sees the same decisive words in “%s” and “%s”', (one, other) => {
    expect(decisiveWords(other)).toEqual(decisiveWords(one));
  });

  const base: ChatRequest = { messages: [system('Be kind.'), user(question)] };
  it.each<[string, ChatInput]>([
    ['system prompt', { messages: [system('Be rude.'), user(paraphrase)] }],
    ['no system prompt', paraphrase],
    [
      'history',
      { messages: [system('Be kind.'), user('Hi'), { role: 'assistant', content: 'Hello' }, user(paraphrase)] },
    ],
    [
      'tools',
      { messages: [system('Be kind.'), user(paraphrase)], tools: [{ name: 't', description: '', inputSchema: {} }] },
    ],
    ['parameters', { messages: [system('Be kind.'), user(paraphrase)], temperature: 1 }],
    ['output form', { messages: [system('Be kind.'), user(paraphrase)], output: { type: 'json' } }],
    [
      'image',
      {
        messages: [
          system('Be kind.'),
          user([
            { type: 'text', text: paraphrase },
            { type: 'image', data: new Uint8Array([1]) },
          ]),
        ],
      },
    ],
    [
      'source',
      {
        messages: [
          system('Be kind.'),
          user([
            { type: 'source', id: 'a', text: 'x' },
            { type: 'text', text: paraphrase },
          ]),
        ],
      },
    ],
  ])('never serves across another %s', async (_, other) => {
    const model = cachedModel();
    await model(base);
    await model(other);
    expect(model.requests).toHaveLength(2);
    await model({ messages: [system('Be kind.'), user(paraphrase)] });
    expect(model.requests).toHaveLength(2);
  });

  it('takes a string, a list of messages and a request for the same chat', async () => {
    const model = cachedModel();
    await model(question);
    await model([user(paraphrase)]);
    await model({ messages: [user([{ type: 'text', text: paraphrase }])] });
    expect(model.requests).toHaveLength(1);
  });

  it('keeps tenants apart, and forgets one of them', async () => {
    const model = cachedModel({ scope: (_input: ChatInput, run: Run) => run.span.name });
    const [ann, bob] = [testRun().run.child('ann'), testRun().run.child('bob')];
    await model(question, ann);
    await model(paraphrase, bob);
    expect(model.requests).toHaveLength(2);
    expect(await model.cache.invalidate({ scope: 'ann' })).toBe(1);
    await model(paraphrase, ann);
    await model(question, bob);
    expect(model.requests).toHaveLength(3);
    expect(await model.cache.invalidate()).toBe(2);
  });

  it('embeds nothing for the very same question', async () => {
    const own = counted();
    const model = cachedModel({ embedder: own });
    for (let count = 0; count < 3; count++) await model(question);
    expect(own.calls.count).toBe(1);
  });

  it('makes equal questions at the same time into one call', async () => {
    const model = cachedModel();
    await Promise.all(Array.from({ length: 20 }, () => model(question)));
    expect(model.requests).toHaveLength(1);
    expect(model.cache.stats()).toMatchObject({ misses: 1, shared: 19 });
  });

  it('lets an answer go when its time is over', async () => {
    const model = cachedModel({ ttlMs: 1_000 });
    const { run, clock } = testRun();
    await model(question, run);
    await clock.advance(1_000);
    await model(paraphrase, run);
    expect(model.requests).toHaveLength(2);
  });

  it('Q27 stays within its bounds, and forgets the question with its answer', async () => {
    const model = cachedModel({ memory: { maxEntries: 3 } });
    const asked = ['refund rules', 'shipping costs', 'opening hours', 'gift wrapping', 'loyalty points'];
    for (const text of asked) await model(text);
    expect(model.cache.stats()).toMatchObject({ entries: 3, evictions: 2 });
    await model('refund rules');
    await model('loyalty points');
    expect(model.requests).toHaveLength(6);
  });

  it('Q27 does not let a question that had to go stand before one that is there', async () => {
    const vectorOf: Readonly<Record<string, readonly number[]>> = {
      gone: [1, 0],
      there: [0.96, 0.28],
      other: [0, 1],
      asked: [0.99, 0.14],
    };
    const drawn = defineStepWith(
      { kind: 'embedder', name: 'drawn' },
      { id: 'drawn', dimensions: 2 },
      async (texts: readonly string[]) => texts.map((text) => new Float32Array(vectorOf[text] ?? [])),
    );
    const echo = semanticCache(async (text: string) => text, {
      embedder: drawn,
      threshold: 0.97,
      memory: { maxEntries: 2 },
    });
    for (const text of ['gone', 'there', 'other', 'asked'])
      expect(await echo(text)).toBe(text === 'asked' ? 'there' : text);
  });

  it('Q26 goes on without its embedder, and warns', async () => {
    const { run, events } = testRun();
    const model = cachedModel({ embedder: counted(true) });
    expect((await model(question, run)).text).toContain('refund');
    expect(events.filter(({ type }) => type === 'warning')).toHaveLength(2);
  });

  it('takes any step by `split`, and says when it is missing', async () => {
    const ask = async ({ q, lang }: { readonly q: string; readonly lang: string }) => `${lang}: ${q}`;
    const cached = semanticCache(ask, { embedder, threshold: 0.75, split: ({ q, lang }) => ({ text: q, rest: lang }) });
    const first = await cached({ q: question, lang: 'en' });
    expect(await cached({ q: paraphrase, lang: 'en' })).toBe(first);
    expect(await cached({ q: paraphrase, lang: 'de' })).toBe(`de: ${paraphrase}`);
    await expect(semanticCache(ask, { embedder })({ q: 'x', lang: 'en' })).rejects.toMatchObject({ code: 'bad-input' });
  });

  it.each([{ threshold: 0 }, { threshold: 1.1 }, { ttlMs: 0 }, { memory: { maxEntries: 0 } }])(
    'refuses %o',
    (options) => {
      expect(() => cachedModel(options)).toThrow(expect.objectContaining({ code: 'bad-option' }));
    },
  );

  it('composes with other decorators and shows in the tree', () => {
    expect(inspect(retry(semanticCache(retry(answering()), { embedder })))).toMatchObject({
      children: [
        { kind: 'semantic-cache', details: { embedder: embedder.id, threshold: 0.95 }, children: [{ kind: 'retry' }] },
      ],
    });
  });

  it('keeps its answers in a vector store', async () => {
    await using vectors = await hnsw({ dimensions: 1024, engine: 'exact' });
    const scope = (_input: ChatInput, run: Run) => run.span.name;
    const first = cachedModel({ vectors, scope });
    const run = testRun().run.child('ann');
    const reply = await first(question, run);
    const second = cachedModel({ vectors, scope });
    const { events, run: watched } = testRun();
    expect(await second(paraphrase, watched.child('ann'))).toEqual(reply);
    expect(events.find((event) => event.type === 'cache-hit')?.similarity).toBeGreaterThan(0.75);
    expect(await second(question, run)).toEqual(reply);
    expect(second.requests).toHaveLength(0);
    await second(paraphrase, testRun().run.child('bob'));
    expect(second.requests).toHaveLength(1);
    expect(await second.cache.invalidate({ scope: 'ann' })).toBe(1);
    expect(await second.cache.invalidate({ key: second.cache.keyOf(paraphrase, testRun().run.child('bob')) })).toBe(1);
    expect((await vectors.stats()).count).toBe(0);
  });
});

const data = process.env.PIPEWRIGHT_DATA ?? fileURLToPath(new URL('../../../shared/data', import.meta.url));
const path = `${data}/retrieval/xquad-en/queries.jsonl`;
const isThere = existsSync(path);
if (!isThere) console.warn(`Left out: the semantic cache on XQuAD, because ${path} is absent.`);

it.runIf(isThere)(
  'serves, of 1,190 questions on the same 240 paragraphs, only those that were asked twice',
  { timeout: 120_000 },
  async () => {
    const lines = readFileSync(path, 'utf8').trim().split('\n');
    const texts = lines.map((line) => (JSON.parse(line) as { readonly text: string }).text);
    const plain = (text: string) => text.toLowerCase().replace(/\b(?:the|an?)\b|[^\p{L}\p{N}]/gu, '');
    const echo = semanticCache(async (text: string) => text, { embedder, memory: { maxEntries: 2_000 } });
    const served: string[][] = [];
    for (const text of texts) {
      const answered = await echo(text);
      if (answered !== text) served.push([answered, text]);
    }
    for (const [answered = '', text = ''] of served) expect(plain(answered)).toBe(plain(text));
    expect(served.length).toBeGreaterThan(0);
  },
);

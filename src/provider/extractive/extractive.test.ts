import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRun, type Message, type SourcePart, stream, user } from '../../core/index.js';
import type { ChatReply } from '../../model/index.js';
import { extractive, type ExtractiveOptions } from './index.js';

const source = (id: string, text: string, title?: string): SourcePart => ({
  type: 'source',
  id,
  text,
  ...(title === undefined ? {} : { title }),
});

const ask = (question: string, sources: readonly SourcePart[], options?: ExtractiveOptions): Promise<ChatReply> =>
  extractive(options)([user([...sources, { type: 'text', text: question }])]);

const firstQuote = (reply: ChatReply): string | undefined => reply.citations[0]?.quote;

const warsaw = source(
  'warsaw',
  'Warsaw is the capital of Poland. Its first stock exchange was established in 1817 and continued trading until World War II. ' +
    'It was re-established in April 1991. The city lies on the Vistula River, about 260 km from the Baltic Sea.',
  'Warsaw',
);

const pRetry = source(
  'p-retry',
  [
    '# p-retry',
    '',
    '> Retry a promise-returning or async function',
    '',
    '[![Build](https://example.org/build.svg)](https://example.org/build)',
    '',
    '## Install',
    '',
    '```sh',
    'npm install p-retry',
    '```',
    '',
    '## API',
    '',
    '### options',
    '',
    '#### signal',
    '',
    'You can abort retrying using an `AbortController`. When the signal aborts, the promise is rejected with its reason:',
    '',
    '```js',
    'const controller = new AbortController();',
    'await pRetry(run, { signal: controller.signal });',
    '```',
    '',
    '#### minTimeout',
    '',
    'The number of milliseconds before starting the first retry.',
    '',
    '| option | default |',
    '| --- | --- |',
    '| factor | 2 |',
    '| retries | 10 |',
  ].join('\n'),
  'p-retry › readme',
);

describe('extractive', () => {
  it('answers with the sentence that holds the answer, letter by letter, and cites it with exact offsets', async () => {
    const reply = await ask('How far is Warsaw from the Baltic Sea?', [warsaw]);
    const [citation] = reply.citations;
    expect(citation?.quote).toBe('The city lies on the Vistula River, about 260 km from the Baltic Sea.');
    expect(citation?.sourceId).toBe('warsaw');
    expect(reply.text.slice(citation!.start, citation!.end)).toBe(citation!.quote);
    expect(warsaw.text).toContain(citation!.quote);
    expect(reply.finishReason).toBe('stop');
  });

  it('prefers a sentence with a date for a question about time', async () => {
    const reply = await ask('When was the stock exchange brought back?', [warsaw], { minConfidence: 0 });
    expect(firstQuote(reply)).toMatch(/1817|1991/);
  });

  it('quotes an instruction together with the code right below it', async () => {
    const reply = await ask('How do I abort retrying?', [pRetry]);
    expect(firstQuote(reply)).toContain('AbortController');
    const all = reply.citations.map(({ quote }) => quote).join('\n');
    expect(all).toContain('```js\nconst controller = new AbortController();');
    expect(reply.text).toContain('await pRetry(run, { signal: controller.signal });\n```');
  });

  it('quotes code that stands alone below a heading', async () => {
    expect(firstQuote(await ask('How do I install p-retry?', [pRetry]))).toBe('```sh\nnpm install p-retry\n```');
  });

  it('reads the headings and the short forms in option names', async () => {
    const reply = await ask('What is the minimum timeout before the first retry?', [pRetry]);
    expect(firstQuote(reply)).toBe('The number of milliseconds before starting the first retry.');
  });

  it('finds a row of a table', async () => {
    expect(
      firstQuote(await ask('What is the default of the factor option?', [pRetry], { minConfidence: 0 })),
    ).toContain('factor');
  });

  it('says so, without a citation, when the sources do not hold the answer', async () => {
    const reply = await ask('How do I bake sourdough bread?', [warsaw, pRetry]);
    expect(reply.citations).toEqual([]);
    expect(reply.text).toBe('The sources do not hold an answer to this question.');
    expect(reply.finishReason).toBe('stop');
  });

  it('says what it is when it is given no sources', async () => {
    const reply = await extractive()('What is the capital of Poland?');
    expect(reply.text).toContain('extractive model');
    expect(reply.citations).toEqual([]);
  });

  it('quotes something in any case with minConfidence 0, and nothing below the confidence asked for', async () => {
    const question = 'Which river does the city lie on?';
    expect((await ask('Who wrote Hamlet?', [warsaw], { minConfidence: 0 })).citations).not.toHaveLength(0);
    expect((await ask(question, [warsaw], { minConfidence: 0.99999 })).citations).toHaveLength(0);
    expect(firstQuote(await ask(question, [warsaw]))).toContain('Vistula');
  });

  it('takes the words of the question before when the question leans on it', async () => {
    const history: readonly Message[] = [
      user('Which stock exchange did Warsaw have?'),
      { role: 'assistant', content: 'Its first stock exchange traded until World War II.' },
      user([warsaw, { type: 'text', text: 'When was it established?' }]),
    ];
    const reply = await extractive()(history);
    expect(firstQuote(reply)).toContain('1817');
    const alone = await ask('When did they trade?', [source('other', 'Tea came to Europe in 1610.')]);
    expect(alone.citations).toEqual([]);
  });

  it.each([
    ['How long do refunds take?', 'Refunds are paid within 14 days.'],
    ['Can I bring my dog?', 'Dogs are welcome in the garden but not in the dining room.'],
    ['What time is breakfast served?', 'Breakfast is from 7 to 10.'],
    ['How much does a ticket cost?', 'Tickets cost five euros.'],
    ['When did Tesla die?', 'Tesla died in January 1943.'],
    ['What is the capital of France?', undefined],
    ['Is there wifi?', undefined],
    ['Who is the chief executive?', undefined],
  ])('answers from a handful of short sources, or does not: %s', async (question, expected) => {
    const texts = [
      'Refunds are paid within 14 days.',
      'Dogs are welcome in the garden but not in the dining room.',
      'Breakfast is from 7 to 10.',
      'Warsaw is the capital of Poland.',
      'Tickets cost five euros.',
      'Tesla died in January 1943.',
    ];
    const reply = await ask(
      question,
      texts.map((text, i) => source(`s${i}`, text)),
      { maxQuotes: 1 },
    );
    expect(firstQuote(reply)).toBe(expected);
  });

  it('says the same thing once', async () => {
    const copies = ['a', 'b', 'c'].map((id) => source(id, 'The warranty of the pump lasts three years.'));
    const reply = await ask('How long does the warranty of the pump last?', copies);
    expect(reply.citations.map(({ sourceId }) => sourceId)).toEqual(['a']);
  });

  it('quotes at most maxQuotes sentences, each cited', async () => {
    const many = source(
      'm',
      ['red', 'green', 'blue', 'black'].map((c) => `The pump is sold in ${c} by dealer ${c}ley.`).join(' '),
    );
    const two = await ask('In which colours is the pump sold?', [many], { maxQuotes: 2 });
    const one = await ask('In which colours is the pump sold?', [many], { maxQuotes: 1 });
    expect(two.citations).toHaveLength(2);
    expect(one.citations).toHaveLength(1);
    for (const { quote, start, end } of two.citations) expect(two.text.slice(start, end)).toBe(quote);
  });

  it('does not take a badge, a heading or a question for an answer', async () => {
    const page = source(
      'p',
      '# Is the pump safe?\n\n[![safe pump](https://x.org/safe-pump.svg)](https://x.org/pump)\n\nIs the pump safe? The pump is safe up to 6 bar.',
    );
    expect(firstQuote(await ask('Is the pump safe?', [page], { maxQuotes: 1 }))).toBe('The pump is safe up to 6 bar.');
  });

  it('streams one delta a quote and costs nothing', async () => {
    const watched = stream(extractive(), [
      user([warsaw, { type: 'text', text: 'What is the capital of Poland?' }]),
    ] as readonly Message[]);
    const deltas: string[] = [];
    for await (const event of watched) if (event.type === 'text-delta') deltas.push(event.text);
    const reply = await watched.result;
    expect(deltas).toHaveLength(reply.citations.length);
    expect(deltas.join('')).toBe(reply.text);
    expect(reply.costUsd).toBe(0);
    expect(reply.usage.inputTokens).toBeGreaterThan(20);
    expect(reply.usage.outputTokens).toBeGreaterThan(5);
  });

  it('leaves out what does not fit into maxOutputTokens and says that it was cut', async () => {
    const messages = [user([warsaw, { type: 'text', text: 'When was the first stock exchange established?' }])];
    const reply = await extractive()({ messages, maxOutputTokens: 3 });
    expect(reply.finishReason).toBe('length');
    expect(reply.text).toBe('');
  });

  it('refuses tools, JSON and a missing question with a typed error', async () => {
    const tools = [{ name: 't', description: 'd', inputSchema: {} }];
    await expect(extractive()({ messages: [user('hi')], tools })).rejects.toMatchObject({ code: 'unsupported' });
    await expect(extractive()({ messages: [user('hi')], output: { type: 'json' } })).rejects.toMatchObject({
      code: 'unsupported',
    });
    await expect(extractive()([user([warsaw])])).rejects.toMatchObject({ code: 'bad-input' });
    expect(() => extractive({ maxQuotes: 0 })).toThrow(/maxQuotes/);
    expect(() => extractive({ minConfidence: -1 })).toThrow(/minConfidence/);
  });

  it('stops at once when the caller aborts, and lets the event loop run while it reads a megabyte', async () => {
    const long = source('long', `${warsaw.text} `.repeat(4_000));
    const control = new AbortController();
    const run = createRun({ signal: control.signal });
    const outcome = extractive()([user([long, { type: 'text', text: 'What is the capital of Poland?' }])], run);
    setImmediate(() => control.abort('gone'));
    await expect(outcome).rejects.toBe('gone');
  });

  it('treats any id and text as plain data, and every quote stands in its source', async () => {
    const text = fc.array(
      fc.oneof(
        fc.constantFrom(
          'The pump',
          'is blue.',
          '\n\n# Pump\n',
          '```\ncode\n```',
          '- item',
          '| a | b |',
          '~~~',
          'Pump?',
        ),
        fc.string(),
      ),
      { maxLength: 12 },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(text, { maxLength: 4 }), async (texts) => {
        const sources = texts.map((parts, i) =>
          source(['__proto__', 'constructor', 'a', 'b'][i] ?? 'z', parts.join(' ')),
        );
        const reply = await ask('Is the pump blue?', sources, { minConfidence: 0 });
        for (const { sourceId, quote, start, end } of reply.citations) {
          expect(sources.find(({ id }) => id === sourceId)?.text).toContain(quote);
          expect(reply.text.slice(start, end).replace(/\s+/gu, ' ')).toBe(quote.replace(/\s+/gu, ' '));
        }
      }),
      { numRuns: 300 },
    );
  });
});

const xquad = join(process.env.PIPEWRIGHT_DATA ?? '../shared/data', 'retrieval/xquad-en');

describe('extractive on XQuAD', () => {
  it('puts the answer into the first quote for four of five questions whose paragraph is given', async () => {
    if (!existsSync(xquad)) return console.warn(`XQuAD is left out: ${xquad} is absent (set PIPEWRIGHT_DATA).`);
    const read = (name: string): string[] => readFileSync(join(xquad, name), 'utf8').trim().split('\n');
    const paragraphs = new Map(
      read('corpus.jsonl').map((line) => {
        const { id, title, text } = JSON.parse(line) as { id: string; title: string; text: string };
        return [id, source(id, text, title)] as const;
      }),
    );
    const relevant = new Map(
      read('qrels.tsv')
        .slice(1)
        .map((line) => line.split('\t').slice(0, 2) as [string, string]),
    );
    let asked = 0;
    let right = 0;
    for (const [i, line] of read('queries.jsonl').entries()) {
      if (i % 4 !== 0) continue;
      const { id, text, answers } = JSON.parse(line) as { id: string; text: string; answers: { text: string }[] };
      const reply = await ask(text, [paragraphs.get(relevant.get(id)!)!], { minConfidence: 0 });
      asked++;
      if (answers.some((answer) => firstQuote(reply)?.includes(answer.text))) right++;
    }
    expect(right / asked).toBeGreaterThanOrEqual(0.8);
  });
});

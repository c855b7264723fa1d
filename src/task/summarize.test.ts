import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRun, explain, partsOf, stream } from '../core/index.js';
import { type ChatRequest, tokenCounter } from '../model/index.js';
import { type ScriptAction, type ScriptTurn, scripted, testRun } from '../testing/index.js';
import { summarize, type SummarizeOptions } from './index.js';
import { cutToWindows } from './windows.js';

const story = (sentences: number): string =>
  Array.from({ length: sentences }, (_, at) => `Station ${at} reported ${at * 7} visitors and a broken lift.`).join(
    ' ',
  );

const limits = { contextTokens: 400 };
/** Answers with the first words of each source. */
const parrot: ScriptTurn = (request) =>
  request.messages
    .flatMap(partsOf)
    .flatMap((part) => (part.type === 'source' ? [`${part.text.split(' ').slice(0, 7).join(' ')}.`] : []))
    .join(' ')
    .slice(0, 200);
const reader = (turn: ScriptTurn = parrot) =>
  scripted([turn], { id: 'gpt-4o', limits, shouldRepeat: true, features: { reasoning: false } });

/** What one call takes at most: input as counted, and the reply that it allows. */
const tokensOf = async (request: ChatRequest): Promise<number> =>
  (await tokenCounter('gpt-4o').countRequest(request)).tokens + (request.maxOutputTokens ?? 0);

describe('cutToWindows', () => {
  it('holds the whole text in windows of at most so many tokens, in order', async () => {
    const text = fc.array(
      fc.oneof(
        fc.string({ unit: 'grapheme', maxLength: 12 }),
        fc.constantFrom('. ', '\n\n', '東京都', 'A sentence. ', '😀😀'),
      ),
      { maxLength: 30 },
    );
    await fc.assert(
      fc.asyncProperty(
        text,
        fc.integer({ min: 12, max: 40 }),
        fc.constantFrom(0, 4),
        async (parts, maxTokens, overlapTokens) => {
          const whole = parts.join(' ');
          const windows = await cutToWindows(whole, { maxTokens, overlapTokens, model: 'gpt-4o' }, createRun());
          let end = 0;
          for (const window of windows) {
            expect(window.end).toBeGreaterThan(window.start);
            expect(whole.slice(end, window.start).trim()).toBe('');
            const { tokens } = await tokenCounter('gpt-4o').count(whole.slice(window.start, window.end));
            expect(tokens).toBeLessThanOrEqual(maxTokens);
            expect(window.tokens).toBe(tokens);
            expect(window.end).toBeGreaterThan(end);
            ({ end } = window);
          }
          expect(whole.slice(end).trim()).toBe('');
        },
      ),
      { numRuns: 60 },
    );
  });

  it('repeats the end of a window where an overlap is asked for', async () => {
    const text = story(20);
    const windows = await cutToWindows(text, { maxTokens: 60, overlapTokens: 20, model: 'gpt-4o' }, createRun());
    expect(windows.length).toBeGreaterThan(3);
    for (const [at, { start }] of windows.slice(1).entries()) expect(start).toBeLessThan(windows[at]?.end ?? 0);
  });
});

describe('summarize', () => {
  it('reads a short text in one call', async () => {
    const model = reader();
    const summary = await summarize(model, { maxWords: 20 })(story(2));
    expect(model.requests).toHaveLength(1);
    expect(summary).toMatchObject({ how: 'map-reduce', unsupported: [] });
  });

  it.each(['map-reduce', 'refine'] as const)(
    'never takes more than the window, whatever the length (%s)',
    async (how) => {
      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 1, max: 90 }),
          fc.integer({ min: 10, max: 30 }),
          async (sentences, maxWords) => {
            const model = reader();
            const summary = await summarize(model, { how, maxWords })(story(sentences));
            for (const request of model.requests) expect(await tokensOf(request)).toBeLessThanOrEqual(400);
            expect(model.requests.length).toBeLessThanOrEqual(
              how === 'refine' ? summary.windows.length + 1 : 2 * summary.windows.length,
            );
            expect(summary.words).toBeLessThanOrEqual(maxWords);
          },
        ),
        { numRuns: 15 },
      );
    },
  );

  it('reads every part of the text exactly once, windows side by side', async () => {
    const { run, events } = testRun();
    const model = reader();
    const text = story(60);
    await summarize(model, { maxWords: 15 })(text, run);
    const read = model.requests
      .flatMap(({ messages }) => messages.flatMap(partsOf))
      .flatMap((part) => (part.type === 'source' ? [part.text] : []));
    for (let at = 0; at < 60; at++) {
      const sentence = `Station ${at} reported ${at * 7} visitors and a broken lift.`;
      expect(read.filter((source) => source.includes(sentence))).toHaveLength(1);
    }
    const progress = events.filter(({ type }) => type === 'progress');
    expect(progress.at(-1)).toMatchObject({ done: progress.length, total: progress.length });
  });

  it('tells how much of each window it speaks of, and which sentence the text does not bear out', async () => {
    const text = 'The turbine cracked during the inspection. Lubricant escaped into the basin.';
    const model = reader(
      () => 'The turbine cracked during the inspection. It cost 4,200 euros. Penguins danced merrily.',
    );
    const { windows, unsupported } = await summarize(model, { maxWords: 30 })(text);
    expect(unsupported).toEqual(['It cost 4,200 euros.', 'Penguins danced merrily.']);
    expect(windows[0]?.coverage).toBeGreaterThan(0.3);
    expect(windows[0]?.coverage).toBeLessThan(0.9);
  });

  it('asks once more when it is too long, and then keeps whole sentences within the words', async () => {
    const model = reader(() => 'One two three four. Five six seven eight. Nine ten eleven twelve.');
    const summary = await summarize(model, { maxWords: 9 })('Some text.');
    expect(model.requests).toHaveLength(2);
    expect(summary.text).toBe('One two three four. Five six seven eight.');
  });

  it('shows the text of the last call alone', async () => {
    const model = reader();
    const watched = stream(summarize(model, { maxWords: 30 }), story(40));
    let shown = '';
    for await (const text of watched.text) shown += text;
    expect(shown).toBe((await watched.result).text);
    expect(model.requests.length).toBeGreaterThan(2);
  });

  it.each<[string, SummarizeOptions, string, string]>([
    ['a text that does not fit one call', { how: 'stuff', maxWords: 20 }, story(60), 'context-too-long'],
    ['too many windows', { maxWindows: 2, maxWords: 20 }, story(60), 'context-too-long'],
    ['no room beside the rules', { windowTokens: 70, maxWords: 20 }, story(1), 'context-too-long'],
    ['an empty text', {}, ' \n', 'bad-input'],
  ])('refuses %s', async (_, options, text, code) => {
    await expect(summarize(reader(), options)(text)).rejects.toMatchObject({ code });
  });

  it.each<[string, readonly ScriptAction[]]>([
    [
      'cut',
      [
        { type: 'text-delta', text: 'Half' },
        { type: 'finish', reason: 'length' },
      ],
    ],
    ['empty', [{ type: 'finish', reason: 'stop' }]],
  ])('fails when an answer is %s', async (_, turn) => {
    await expect(
      summarize(
        reader(() => turn),
        { maxWords: 20 },
      )('Some text.'),
    ).rejects.toMatchObject({ code: 'output-invalid' });
  });

  it('stops when it is cancelled', async () => {
    const { run, abort } = testRun();
    const model = reader(() => [{ type: 'stall' }]);
    const pending = summarize(model, { concurrency: 2, maxWords: 20 })(story(60), run);
    const reason = new Error('enough');
    await new Promise((resolve) => setTimeout(resolve, 20));
    abort(reason);
    await expect(pending).rejects.toBe(reason);
    expect(model.requests).toHaveLength(2);
  });

  it('states its cost', () => {
    const calls = (how: 'stuff' | 'map-reduce' | 'refine') =>
      explain(summarize(reader(), { how, maxWindows: 10 })).maxModelCalls;
    expect([calls('stuff'), calls('map-reduce'), calls('refine')]).toEqual([2, 20, 11]);
  });
});

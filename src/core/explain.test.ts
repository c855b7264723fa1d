import { describe, expect, it } from 'vitest';
import {
  balance,
  batch,
  budget,
  bulkhead,
  cache,
  fallback,
  hedge,
  rateLimit,
  retry,
  semanticCache,
  timeout,
} from '../resilience/index.js';
import { localEmbedder } from '../model/index.js';
import { scripted } from '../testing/index.js';
import { type AnyStep, branch, defineStep, explain, loop, map, named, parallel, pipe, route } from './index.js';

const model = (id = 'm') => scripted([], { id });
const callsOf = (step: AnyStep) => explain(step).maxModelCalls;

describe('explain', () => {
  it('tells a stack line by line, and what it comes to at worst', () => {
    const ask = pipe(
      named('prompt', (question: string) => question),
      fallback(retry(timeout(model('openai:gpt-5-mini'), { totalMs: 20_000 }), { maxAttempts: 2 }), model('backup')),
    );
    expect(explain(ask).text).toBe(
      [
        'pipe: one after the other, each with the output of the one before',
        '  [1] named prompt: hands on to what is inside it',
        '    function: runs your function',
        '  [2] fallback: calls these in turn until one answers',
        '    [1] retry: tries up to 2 times when a failure may pass; waits at random up to 500 ms before the second try, twice as long before each further one, and as long as the server asks, at most 1 min',
        '      timeout: gives up after 20 s',
        '        openai:gpt-5-mini: calls the model',
        '    [2] backup: calls the model',
        '',
        'Model calls: at most 3.',
        'Waits between tries and in queues: at most 1 min in all.',
        'Time: no fixed limit. A `timeout` with `totalMs` sets one.',
      ].join('\n'),
    );
  });

  it.each<[string, AnyStep, number]>([
    ['a function', (n: number) => n, 0],
    ['a model', model(), 1],
    ['a pipe: the sum', pipe(model() as (text: string) => Promise<unknown>, () => 'x', model()), 2],
    ['parallel steps: the sum', parallel({ a: model(), b: model() }), 2],
    [
      'a branch: the question and the longer way',
      branch(
        async () => true,
        pipe(model(), () => 'x', model()),
        model(),
      ),
      2,
    ],
    ['a route: the longest way', route(() => 'a', { a: model(), b: retry(model()) }), 3],
    ['a loop: each round', loop(model() as never, { until: () => true, maxRounds: 5 }), 5],
    ['a map: any number', map(model()), Infinity],
    ['a map of functions: none', map((n: number) => n), 0],
    ['a retry', retry(model(), { maxAttempts: 4 }), 4],
    ['retries inside a retry: one budget', retry(fallback(retry(model()), retry(model()))), 6],
    ['a hedge inside a retry: one budget', retry(hedge(model()), { maxAttempts: 4 }), 4],
    ['a hedge', hedge(model(), { maxAttempts: 3 }), 3],
    ['a balance: one of them', balance([retry(model()), model()]), 3],
    ['a fallback: the sum', fallback(model(), model(), model()), 3],
    ['a cache: a miss', cache(retry(model())), 3],
    ['a semantic cache: the embedder too', semanticCache(model(), { embedder: localEmbedder() }), 2],
    ['a budget', budget(retry(model(), { maxAttempts: 9 }), { maxCalls: 5 }), 5],
    ['a batch', batch(localEmbedder()), 1],
    ['an unbounded retry', retry(model(), { maxAttempts: Infinity }), Infinity],
  ])('counts the model calls of %s', (_, step, calls) => {
    expect(callsOf(step)).toBe(calls);
  });

  it.each<[string, AnyStep, number, number]>([
    ['a model', model(), 0, Infinity],
    ['a function', (n: number) => n, 0, 0],
    ['a timeout', timeout(model(), { totalMs: 500 }), 0, 500],
    ['a timeout on text alone', timeout(model(), { firstTextMs: 500 }), 0, Infinity],
    ['tries with a deadline each', retry(timeout(model(), { totalMs: 500 }), { maxDelayMs: 1_000 }), 2_000, 3_500],
    ['one deadline for all tries', timeout(retry(model(), { maxDelayMs: 1_000 }), { totalMs: 500 }), 500, 500],
    [
      'tries in a queue',
      retry(rateLimit(timeout(model(), { totalMs: 500 }), { limits: [{ requests: 1 }], maxWaitMs: 100 }), {
        maxAttempts: 2,
        maxDelayMs: 0,
      }),
      200,
      1_200,
    ],
    ['a bulkhead without an end', bulkhead(timeout(model(), { totalMs: 500 })), Infinity, Infinity],
    [
      'parallel steps: the slower',
      parallel({ a: timeout(model(), { totalMs: 500 }), b: timeout(model(), { totalMs: 700 }) }),
      0,
      700,
    ],
  ])('bounds waits and time of %s', (_, step, waitMs, totalMs) => {
    expect(explain(step)).toMatchObject({ maxWaitMs: waitMs, maxTotalMs: totalMs });
  });

  it('says of tries inside tries that they are shared', () => {
    const { parts } = explain(retry(named('inner', retry(model()))));
    expect(parts.map(({ kind, words }) => [kind, words.includes('takes them from')])).toEqual([
      ['retry', false],
      ['named', false],
      ['retry', true],
      ['model', false],
    ]);
  });

  it('tells the settings of a kind that it does not know', () => {
    const own = defineStep({ kind: 'toString', details: { depth: 3 } }, async (n: number) => n);
    expect(explain(own).parts).toEqual([{ depth: 0, kind: 'toString', name: 'toString', words: 'depth 3' }]);
  });

  it('counts a part as often as its parent calls it at most, and says so', () => {
    const ask = model();
    const grade = defineStep({ kind: 'parts', children: [{ label: 'each', step: ask, maxCalls: 4 }] }, async () => 1);
    const rounds = defineStep(
      { kind: 'rounds', children: [{ step: grade, maxCalls: 3 }, { step: ask }] },
      async () => 1,
    );
    expect(explain(rounds).maxModelCalls).toBe(13);
    expect(explain(rounds).text).toContain(
      '\n  [up to 3 times] parts: runs\n    [each, up to 4 times] m: calls the model\n',
    );
    expect(
      explain(defineStep({ kind: 'free', children: [{ step: (n: number) => n, maxCalls: Infinity }] }, async () => 1))
        .maxModelCalls,
    ).toBe(0);
  });

  it('has words for every decorator of the package', () => {
    const steps = [
      bulkhead(model(), { maxWaitMs: 90_000 }),
      hedge(model(), { afterMs: 250 }),
      timeout(model(), { totalMs: 1, firstTextMs: 2, betweenTextMs: 3 }),
      cache(model(), { ttlMs: Infinity, staleMs: 172_800_000 }),
      budget(model(), { maxCostUsd: 0.05, maxTokens: 100, maxCalls: 1, maxMs: 1_000 }),
      batch(localEmbedder()),
      balance([model('a'), model('b')]),
    ];
    expect(steps.map((step) => explain(step).parts[0]?.words)).toEqual([
      'lets 10 calls through at once; 100 calls may wait, each up to 1.5 min',
      'starts a further try beside the first after 250 ms of silence; 2 tries in all, for 10 % of the calls in the long run',
      'gives up after 1 ms; gives up when no text has shown after 2 ms; gives up after 3 ms of silence within the text',
      'answers equal inputs from memory (up to 1000 answers, 64 MiB) for any time; then for 2 d while it fetches anew; makes equal calls at the same time into one',
      'lets one call spend up to 0.05 USD; 100 tokens; 1 model call; starts no model call after 1 s',
      'collects up to 64 items for 10 ms and sends them together, 4 batches at once',
      'calls one of these, by load; one that fails 3 times in a row gets no calls for 10 s',
    ]);
  });
});

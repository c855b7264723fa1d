import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import {
  createRun,
  defineStep,
  explain,
  type Hit,
  inspect,
  type Message,
  type Query,
  type QueryWithOptions,
  queryOf,
  type Retriever,
  type RunEvent,
  type Step,
  stream,
  user,
} from '../../core/index.js';
import type { ChatModel } from '../../model/index.js';
import { extractive } from '../../provider/extractive/index.js';
import type { Answer, Question } from '../../rag/index.js';
import { scripted } from '../scripted.js';
import { testRun } from '../test-run.js';

export interface AnswererSuite {
  /** Makes the step over this retriever, with this model to answer. */
  readonly create: (parts: {
    readonly retriever: Retriever;
    readonly model: ChatModel;
  }) => Step<Question, Answer> | Promise<Step<Question, Answer>>;
}

const question = 'How long does the warranty of the pump last?';
const passages: readonly Hit[] = [
  {
    id: 'warranty',
    score: 2,
    source: 'handbook.md',
    text: 'The pump is blue. The warranty of the pump lasts three years. It does not cover the seal.',
    place: { parentId: 'handbook', start: 100, startLine: 7 },
  },
  { id: 'refund', score: 1, text: 'Refunds are paid within 14 days of the return.' },
];
/** The document that the first passage was cut from. */
const handbook = `${' '.repeat(100)}${passages[0]?.text}`;

const finds = (hits: readonly Hit[] = passages, asked: QueryWithOptions[] = []): Retriever =>
  defineStep({ kind: 'fixed' }, async (query: Query) => {
    asked.push(queryOf(query));
    return hits;
  });

/** Answers whatever it is asked, and cites. */
const talkative = (): ReturnType<typeof scripted> =>
  scripted(['The warranty of the pump lasts three years [1].'], { shouldRepeat: true });

/** The text as a reader sees it who hears of retractions. */
const shownBy = async (step: Step<Question, Answer>, asked: Question): Promise<readonly [string, Answer]> => {
  const watched = stream(step, asked);
  let shown = '';
  for await (const snapshot of watched.snapshots) shown = snapshot;
  return [shown, await watched.result];
};

/**
 * What every step from a question to an answer must do, so that one can stand for another. Run it in a vitest file of the
 * implementation.
 */
export const describeAnswerer = (name: string, suite: AnswererSuite): void => {
  describe(`${name} as an answerer`, () => {
    describeForm(suite);
    describeSearch(suite);
    describeShowing(suite);
    describeStopping(suite);
  });
};

const describeForm = ({ create }: AnswererSuite): void => {
  it('shows as a step, and tells what it costs at most', async () => {
    const model = talkative();
    const step = await create({ retriever: finds(), model });
    expect(inspect(step).kind).not.toBe('function');
    await step(question);
    expect(model.requests.length).toBeGreaterThan(0);
    expect(explain(step).maxModelCalls).toBeGreaterThanOrEqual(model.requests.length);
  });

  it('answers a text and a whole question in the same form, with a trace', async () => {
    const step = await create({ retriever: finds(), model: extractive() });
    for (const asked of [question, { question }]) {
      const result = await step(asked);
      expect(result).toMatchObject({ isAnswered: true, uncited: [], query: expect.any(String) });
      expect(result.text).toContain('The warranty of the pump lasts three years.');
      expect(result.trace.length).toBeGreaterThan(0);
      for (const { action, detail } of result.trace) expect(action !== '' && detail !== '').toBe(true);
    }
  });

  it('cites places that stand in the sources and in the document, letter by letter', async () => {
    for (const model of [extractive(), talkative()]) {
      const { text, citations, sources } = await (await create({ retriever: finds(), model }))(question);
      expect(citations.length).toBeGreaterThan(0);
      for (const { claim, number, sourceId, evidence } of citations) {
        expect(claim.start >= 0 && claim.start < claim.end && claim.end <= text.length).toBe(true);
        expect(sources[number - 1]?.id).toBe(sourceId);
        const source = sources.find(({ id }) => id === evidence?.sourceId);
        expect(source?.text.slice(evidence?.start, evidence?.end)).toBe(evidence?.quote);
        expect(evidence?.place.parentId).toBe('handbook');
        expect(handbook.slice(evidence?.place.start, evidence?.place.end)).toBe(evidence?.quote);
      }
    }
  });

  it('gives the same answer to the same question', async () => {
    const step = await create({ retriever: finds(), model: extractive() });
    const ask = async (): Promise<object> => {
      const { id: _, reply: __, ...rest } = await step(question, testRun().run);
      return rest;
    };
    const first = await ask();
    expect((await ask()) as Answer).toMatchObject({ text: (first as Answer).text, query: (first as Answer).query });
  });

  it('refuses an empty question', async () => {
    const step = await create({ retriever: finds(), model: extractive() });
    for (const asked of ['', ' \n', { question: ' ' }]) {
      await expect(step(asked)).rejects.toMatchObject({ code: 'bad-input' });
    }
  });

  it('does not write to its input', async () => {
    const history: readonly Message[] = Object.freeze([user('What about the pump?')]);
    const asked = Object.freeze({ question, history, k: 5, filter: Object.freeze({ lang: 'en' }) });
    const frozen = passages.map((hit) => Object.freeze(hit));
    await expect((await create({ retriever: finds(frozen), model: extractive() }))(asked)).resolves.toBeDefined();
  });
};

const describeSearch = ({ create }: AnswererSuite): void => {
  it('hands filter and k to the search, and history to the model', async () => {
    const asked: QueryWithOptions[] = [];
    const model = talkative();
    const step = await create({ retriever: finds(passages, asked), model });
    await step({ question, k: 3, filter: { lang: 'en' }, history: [user('I have bought a boat.')] });
    expect(asked.length).toBeGreaterThan(0);
    for (const query of asked) expect(query).toMatchObject({ k: 3, filter: { lang: 'en' } });
    expect(JSON.stringify(model.requests)).toContain('I have bought a boat.');
  });

  it('says that it is not answered when nothing is found', async () => {
    const step = await create({ retriever: finds([]), model: talkative() });
    const [shown, result] = await shownBy(step, question);
    expect(result).toMatchObject({ isAnswered: false, citations: [] });
    expect(result.text).not.toBe('');
    expect(shown).toBe(result.text);
    expect(result.trace.length).toBeGreaterThan(0);
  });

  it('is not answered when the passages do not hold the answer', async () => {
    const step = await create({ retriever: finds(), model: extractive() });
    expect(await step('Who was the first man on the moon?')).toMatchObject({ isAnswered: false });
  });
};

const describeShowing = ({ create }: AnswererSuite): void => {
  it('shows the text of one answer only: the one that it gives', async () => {
    for (const model of [extractive(), talkative()]) {
      const [shown, { text }] = await shownBy(await create({ retriever: finds(), model }), question);
      expect(shown).toBe(text);
    }
    const [shown, { text }] = await shownBy(await create({ retriever: finds(), model: extractive() }), 'Who is Bo?');
    expect(shown).toBe(text);
  });

  it('Q18 counts each call once: the sum of the usage events is what the run has spent', async () => {
    const model = talkative();
    const { run, events } = testRun();
    await (await create({ retriever: finds(), model }))(question, run);
    const used = events.flatMap((event: RunEvent) => (event.type === 'usage' ? [event.usage] : []));
    expect(run.meter.spent.calls).toBe(model.requests.length);
    expect(used.reduce((sum, { outputTokens }) => sum + outputTokens, 0)).toBe(run.meter.spent.usage.outputTokens);
    const unwatched = testRun({ isWatched: false });
    await (await create({ retriever: finds(), model: talkative() }))(question, unwatched.run);
    expect(unwatched.run.meter.spent).toEqual(run.meter.spent);
  });
};

const describeStopping = ({ create }: AnswererSuite): void => {
  it('Q02 rejects with the reason when aborted before, during the search and during the answer', async () => {
    const before = await create({ retriever: finds(), model: extractive() });
    await expect(before(question, createRun({ signal: AbortSignal.abort('gone') }))).rejects.toBe('gone');

    const searching = testRun();
    const model = talkative();
    const deaf = defineStep({ kind: 'deaf' }, async (_: Query): Promise<readonly Hit[]> => {
      searching.abort('enough');
      return passages;
    });
    await expect((await create({ retriever: deaf, model }))(question, searching.run)).rejects.toBe('enough');
    expect(model.requests).toHaveLength(0);

    const answering = testRun();
    const stalls = scripted(
      [
        () => {
          answering.abort('stop');
          return [{ type: 'stall' }];
        },
      ],
      { shouldRepeat: true },
    );
    await expect((await create({ retriever: finds(), model: stalls }))(question, answering.run)).rejects.toBe('stop');
    expect(stalls.requests).toHaveLength(1);
  });

  it('Q10 rejects with what the search or the model throws, and leaves no listener', async () => {
    const { signal } = new AbortController();
    const failing = defineStep({ kind: 'failing' }, async (_: Query): Promise<readonly Hit[]> => {
      throw new Error('no index');
    });
    const search = await create({ retriever: failing, model: extractive() });
    await expect(search(question, createRun({ signal }))).rejects.toThrow('no index');
    const broken = scripted(
      [
        [
          { type: 'text-delta', text: 'The ' },
          { type: 'throw', error: new Error('cut') },
        ],
      ],
      {
        shouldRepeat: true,
      },
    );
    const answers = await create({ retriever: finds(), model: broken });
    await expect(answers(question, createRun({ signal }))).rejects.toThrow('cut');
    await (await create({ retriever: finds(), model: extractive() }))(question, createRun({ signal }));
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });
};

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { checkSchema, explain, partsOf, stream } from '../core/index.js';
import { tokenCounter } from '../model/index.js';
import { type ScriptTurn, scripted } from '../testing/index.js';
import {
  customerService,
  dataEntry,
  entryForms,
  moderate,
  recordSchema,
  skillChain,
  skills,
  taskRules,
} from './index.js';

const plain = { features: { logProbs: false } };

describe('customerService', () => {
  const answers: Readonly<Record<string, string>> = { billing: 'billing', urgent: 'urgent', positive: 'negative' };
  const clerk =
    (labels = answers): ScriptTurn =>
    ({ messages }) => {
      const rules = String(messages[0]?.content);
      const key = Object.keys(labels).find((each) => rules.includes(`- ${each}:`)) ?? '';
      return JSON.stringify({ label: labels[key], confidence: 0.9 });
    };
  const read = (labels?: Readonly<Record<string, string>>) =>
    customerService(scripted([clerk(labels)], { ...plain, shouldRepeat: true }))('You charged me twice!');

  it('tells intent, urgency and mood', async () => {
    expect(await read()).toMatchObject({
      intent: { label: 'billing' },
      urgency: { label: 'urgent' },
      sentiment: { score: -0.9 },
      needsPerson: true,
    });
  });

  it('leaves what is plain and can wait to a program', async () => {
    expect((await read({ ...answers, urgent: 'normal' })).needsPerson).toBe(false);
    expect((await read({ ...answers, billing: 'complaint', urgent: 'normal' })).needsPerson).toBe(true);
  });
});

describe('moderate', () => {
  it('flags what is surely there, and keeps the rest for people', async () => {
    const answer = '{"labels": [{"label": "Spam", "confidence": 0.9}, {"label": "hate", "confidence": 0.2}]}';
    expect(await moderate(scripted([answer]))('Buy now')).toEqual({
      isFlagged: true,
      labels: [{ label: 'spam', score: 0.9 }],
      unsure: [{ label: 'hate', score: 0.2 }],
    });
  });
});

describe('dataEntry', () => {
  it('fills in a form with values of the right kind, each with its place', async () => {
    const text = 'Meet Ada on 3 May 2027 at noon.';
    const wrong = { date: { value: '3 May', quote: '3 May 2027' } };
    const right = { date: { value: '2027-05-03', quote: '3 May 2027' }, with: { value: 'Ada', quote: 'Meet Ada' } };
    const model = scripted([wrong, right].map((each) => JSON.stringify(each)));
    const { value, found, missing } = await dataEntry(model, entryForms.appointment)(text);
    expect(value).toEqual({ date: '2027-05-03', with: 'Ada' });
    expect(found.date?.[0]).toMatchObject({ evidence: { start: 12, end: 22 }, isLiteral: false });
    expect(missing).toEqual(['title', 'time', 'place']);
    expect(model.requests).toHaveLength(2);
  });
});

describe('recordSchema', () => {
  const schema = recordSchema({
    born: 'date',
    mail: 'email',
    phone: 'phone',
    n: { kind: 'number', isRequired: true },
    ok: 'boolean',
  });
  it.each<[Record<string, unknown>, string[]]>([
    [{ n: 1, born: '2024-02-29', mail: 'a@b.de', phone: '+49 30 123456', ok: false }, []],
    [{ n: 1, born: '2023-02-29' }, ['born: is no date.']],
    [{ n: '1' }, ['n: is no number.']],
    [{ n: Number.NaN, mail: 'a@b' }, ['mail: is no email.', 'n: is no number.']],
    [{ phone: '12' }, ['phone: is no phone.', 'n: is missing.']],
    [{ n: 1, ok: 'yes' }, ['ok: is no boolean.']],
  ])('%j has %j', async (value, issues) => {
    const checked = await checkSchema(schema, value);
    expect(checked.isValid ? [] : checked.issues).toEqual(issues);
  });
});

describe('skillChain', () => {
  const echo: ScriptTurn = ({ messages }) =>
    messages
      .flatMap(partsOf)
      .flatMap((part) => (part.type === 'source' ? [`${part.title}=${part.text.slice(0, 40)}`] : []))
      .join(' | ');
  const model = (limit = 2_000) =>
    scripted([echo], {
      id: 'gpt-4o',
      shouldRepeat: true,
      limits: { contextTokens: limit },
      features: { reasoning: false },
    });

  it('gives each skill the task and what the one before wrote, and shows the last', async () => {
    const small = model();
    const watched = stream(skillChain(small, skills.research), 'Why is the sea salt?');
    let shown = '';
    for await (const text of watched.text) shown += text;
    const { text, steps } = await watched.result;
    expect(steps.map(({ name }) => name)).toEqual(['questions', 'facts', 'report']);
    expect(steps[0]?.text).toBe('task=Why is the sea salt?');
    expect(steps[1]?.text).toBe('task=Why is the sea salt? | notes=task=Why is the sea salt?');
    expect(shown).toBe(text);
    expect(explain(skillChain(small, skills.research)).maxModelCalls).toBe(3);
  });

  it('cuts a task that is too long to fit the window exactly', async () => {
    const small = model(300);
    await skillChain(small, skills.problemSolving)('A long story, told slowly. '.repeat(200));
    for (const request of small.requests) {
      const { tokens } = await tokenCounter('gpt-4o').countRequest(request);
      expect(tokens + (request.maxOutputTokens ?? 0)).toBeLessThanOrEqual(300);
      expect(tokens).toBeGreaterThan(150);
    }
    await expect(skillChain(model(40), skills.writing)('x')).rejects.toMatchObject({ code: 'context-too-long' });
    expect(() => skillChain(small, [])).toThrow('skills');
  });
});

describe('the rules of the tasks', () => {
  it('take the tokens that the page on small models states', async () => {
    const page = readFileSync(new URL('../../docs/small-models.md', import.meta.url), 'utf8');
    const measured = await Promise.all(
      Object.entries(taskRules).map(
        async ([name, text]) => `| \`${name}\` | ${(await tokenCounter('gpt-5').count(text)).tokens} |`,
      ),
    );
    for (const row of measured) expect(page).toContain(row);
  });
});

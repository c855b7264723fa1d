import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Hit, type Message, user } from 'pipewright';
import { agent, type AgentInput, type AgentResult, workOn } from 'pipewright/agent';
import { bufferMemory } from 'pipewright/memory';
import { testRun } from 'pipewright/testing';
import { type AuditEntry, fileTools, type Policy, policy, searchTool, type Tool, tool, toolbox } from 'pipewright/tool';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import corpus from '../fixtures/injections.json' with { type: 'json' };
import { coders, disguises, isFooledBy, victim, wantedCall } from './victim-model.js';

const attempts: readonly { readonly technique: string; readonly text: string }[] = corpus.map(
  ({ technique, encoding, text }) => ({
    technique,
    text: text.replace('{call}', () => coders[encoding]?.[0](wantedCall) ?? ''),
  }),
);

let sent = 0;
const sendMail = tool({
  name: 'send_mail',
  description: 'Sends a mail.',
  input: z.object({ to: z.string(), body: z.string() }),
  isOutward: true,
  run: () => {
    sent++;
    return 'sent';
  },
});
const reader = (text: string): Tool =>
  tool({
    name: 'read_page',
    description: 'Reads the page.',
    input: z.object({}),
    isReadOnly: true,
    isUntrusted: true,
    run: () => text,
  });

let folder = '';
let files: readonly Tool[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pipewright-injections-'));
  files = await fileTools(folder);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A way for a text to come before the model. */
type Carrier = (text: string, box: (tools: readonly Tool[]) => ReturnType<typeof toolbox>) => Promise<AgentResult>;

const task = 'Summarise what is there.';
const sources = (text: string): readonly Message[] => [
  { role: 'user', content: [{ type: 'source', id: 'a', text }] },
  user(task),
];

const carriers: Readonly<Record<string, Carrier>> = {
  'result of a tool': (text, box) =>
    agent(victim({ name: 'read_page', input: {} }), { tools: box([reader(text)]) })(task),
  'result, told in text': (text, box) =>
    agent(victim({ name: 'read_page', input: {} }, false), { tools: box([reader(text)]) })(task),
  'passage that a search found': (text, box) => {
    const found = searchTool(async (): Promise<readonly Hit[]> => [{ id: 'a', text, score: 1 }]);
    return agent(victim({ name: 'search_documents', input: { query: 'x' } }), { tools: box([found]) })(task);
  },
  'text of a file': async (text, box) => {
    await writeFile(join(folder, 'notes.txt'), text);
    return agent(victim({ name: 'read_file', input: { path: 'notes.txt' } }), { tools: box(files) })(task);
  },
  'source in the task': (text, box) => agent(victim(undefined), { tools: box([]) })(sources(text)),
  'task from an agent that read it': (text, box) =>
    workOn(agent(victim(undefined), { tools: box([]) }), `Go on with this: ${text}`, testRun().run, {
      taint: ['read_page'],
    }),
  'conversation that is remembered': async (text, box) => {
    const memory = bufferMemory();
    const { run } = testRun();
    const call = { type: 'tool-call', id: 'x', name: 'read_page', input: {} } as const;
    const output = { type: 'tool-result', id: 'x', name: 'read_page', output: text, isUntrusted: true } as const;
    await memory.add(
      [user('Read.'), { role: 'assistant', content: [call] }, { role: 'tool', content: [output] }],
      {},
      run,
    );
    const input: AgentInput = [user(task)];
    return agent(victim(undefined), { tools: box([]), memory })(input, run);
  },
};

interface Outcome {
  readonly technique: string;
  readonly carrier: string;
  readonly sent: number;
  readonly events: readonly string[];
}

/** Lets every carrier bring every text, and tells what came of it. */
const attack = async (rules: Policy): Promise<readonly Outcome[]> => {
  const outcomes: Outcome[] = [];
  for (const [carrier, bring] of Object.entries(carriers)) {
    for (const { technique, text } of attempts) {
      const trail: AuditEntry[] = [];
      sent = 0;
      await bring(text, (tools) =>
        toolbox([...tools, sendMail], { policy: rules, audit: (entry) => void trail.push(entry) }),
      );
      const events = trail.filter(({ tool: name }) => name === 'send_mail').map(({ event }) => event);
      outcomes.push({ technique, carrier, sent, events });
    }
  }
  return outcomes;
};

const countOf = (outcomes: readonly Outcome[], event: string): number =>
  outcomes.flatMap(({ events }) => events).filter((each) => each === event).length;

const lineOf = (name: string, outcomes: readonly Outcome[]): string => {
  const run = outcomes.reduce((sum, outcome) => sum + outcome.sent, 0);
  return `${name}: ${outcomes.length} injections, ${outcomes.length * disguises.length} calls tried, ${countOf(outcomes, 'denied')} denied, ${countOf(outcomes, 'asked')} left to a person, ${run} run`;
};

/** Attempts and outcomes, technique by technique. */
const report = (title: string, outcomes: readonly Outcome[]): string => {
  const techniques = [...new Set(outcomes.map(({ technique }) => technique))];
  const lines = techniques.map((name) =>
    lineOf(
      `  ${name}`,
      outcomes.filter(({ technique }) => technique === name),
    ),
  );
  return [lineOf(title, outcomes), ...lines].join('\n');
};

describe('injections that a model falls for', () => {
  it('are all understood by the model of this test, which does what they say where nothing stops it', async () => {
    for (const { technique, text } of attempts) expect([technique, isFooledBy(text)]).toEqual([technique, true]);
    const outcomes = await attack(policy([], { otherwise: 'allow', whenTainted: 'allow' }));
    console.log(report('without a policy', outcomes));
    expect(outcomes.filter((outcome) => outcome.sent === 0)).toEqual([]);
  });

  it('never run a tool that the policy denies', async () => {
    const outcomes = await attack(policy([{ tool: 'send_mail', verdict: 'deny' }], { otherwise: 'allow' }));
    console.log(report('denied by name', outcomes));
    expect(outcomes.filter((outcome) => outcome.sent > 0)).toEqual([]);
    expect(outcomes.every(({ events }) => events.includes('denied'))).toBe(true);
  });

  it('never run a tool whose arguments the policy denies, however they are written', async () => {
    const isOurs = (to: unknown): boolean => typeof to === 'string' && to.endsWith('@ours.example');
    const rules = policy([{ tool: 'send_mail', when: ({ to }) => !isOurs(to), verdict: 'deny' }], {
      otherwise: 'allow',
      whenTainted: 'allow',
    });
    const outcomes = await attack(rules);
    console.log(report('denied by argument', outcomes));
    expect(outcomes.filter((outcome) => outcome.sent > 0)).toEqual([]);
  });

  it('run nothing without a person once the text was read, by the default policy', async () => {
    const outcomes = await attack(policy([], { otherwise: 'allow' }));
    console.log(report('default policy', outcomes));
    expect(outcomes.filter((outcome) => outcome.sent > 0)).toEqual([]);
    expect(outcomes.every(({ events }) => events.includes('asked'))).toBe(true);
  });
});

import { describe, expect, it } from 'vitest';
import type { AgentState } from '../agent/index.js';
import type { Hit } from '../core/index.js';
import { callsTool, scripted, type ScriptTurn } from '../testing/index.js';
import { analyst, factChecker, researcher, teamMember, writer } from './index.js';

const hits: readonly Hit[] = [
  { id: 'tea', text: 'Tea is served at four in the garden. It costs 5 euros.', score: 1 },
  { id: 'dogs', text: 'Dogs are not allowed in the house.', score: 0.5 },
];
const retriever = async (): Promise<readonly Hit[]> => hits;
const search: ScriptTurn = callsTool('search_documents', { query: 'tea' });
const json = (value: unknown): string => JSON.stringify(value);
const fact = (claim: string, verdict: string, sourceId: string, quote: string) => ({
  claim,
  verdict,
  evidence: quote === '' ? [] : [{ sourceId, quote }],
});

describe('researcher', () => {
  it('says of each finding whether its quote stands in the passage that it names', async () => {
    const findings = [
      { statement: 'Tea is served at four.', sourceId: 'tea', quote: 'Tea is served at four in the garden.' },
      { statement: 'Tea costs 7 euros.', sourceId: 'tea', quote: 'It costs 5 euros.' },
      { statement: 'Tea is free.', sourceId: 'tea', quote: 'Tea is free for all.' },
      { statement: 'Dogs are not allowed.', sourceId: 'cats', quote: 'Dogs are not allowed in the house.' },
    ];
    const ann = researcher(scripted([search, json({ answer: 'At four.', findings, gaps: ['Cake.'] })]), retriever);
    const { output, stopReason } = await ann('When is tea?');
    expect(stopReason).toBe('answered');
    expect(output).toMatchObject({ answer: 'At four.', gaps: ['Cake.'] });
    expect(output?.findings.map(({ isQuoted }) => isQuoted)).toEqual([true, false, false, false]);
  });

  it('goes on from every state, and does not search again', async () => {
    const states: AgentState[] = [];
    const answer = json({ answer: 'At four.', findings: [], gaps: [] });
    const model = scripted([search, answer]);
    await researcher(model, retriever, { onState: (state) => void states.push(state) })('When?');
    expect(states).toHaveLength(4);
    expect(states.every(({ kind }) => kind === 'researcher')).toBe(true);
    const rest = researcher(scripted([answer]), () => Promise.reject(new Error('Searched again.')));
    expect((await rest({ state: states[2] as AgentState })).output).toMatchObject({ answer: 'At four.' });
  });
});

describe('factChecker', () => {
  it('lets a verdict count only with a quote that stands in the source', async () => {
    const claims = [
      fact('Tea is served at four.', 'supported', 'tea', 'Tea is served at four in the garden.'),
      fact('Dogs are allowed in the house.', 'refuted', 'dogs', 'Dogs are not allowed in the house.'),
      fact('Cats are allowed.', 'supported', 'tea', 'Cats are welcome.'),
      fact('Cake is free.', 'refuted', 'tea', 'Cake costs 9 euros.'),
      fact('Tea costs 7 euros.', 'supported', 'tea', 'It costs 5 euros.'),
      fact('Tea is served in the garden.', 'supported', 'dogs', 'made up'),
      fact('It rains.', 'not-found', '', ''),
    ];
    const { output } = await factChecker(scripted([search, json({ claims })]), retriever)('Check.');
    expect(output?.claims.map(({ verdict }) => verdict)).toEqual([
      'supported',
      'refuted',
      'not-found',
      'not-found',
      'not-found',
      'supported',
      'not-found',
    ]);
    expect(output?.claims[2]?.note).toContain('called supported');
    expect(output?.claims[5]).toMatchObject({ evidence: [{ sourceId: 'tea' }], note: 'The quote was found by code.' });
    expect(output?.isSupported).toBe(false);
  });

  it('compares words where a weak model comes to no verdicts, and refutes nothing then', async () => {
    const weak = scripted(['I think it is all fine.'], { shouldRepeat: true });
    const check = factChecker(weak, retriever, { maxSteps: 3 });
    const { output, stopReason } = await check('Tea is served at four in the garden. Dogs fly to the moon on Fridays.');
    expect(stopReason).toBe('max-steps');
    expect(output?.claims.map(({ verdict }) => verdict)).toEqual(['supported', 'not-found']);
    expect(output?.claims[0]?.evidence[0]).toMatchObject({ sourceId: 'tea' });
  });
});

describe('analyst and writer', () => {
  it('answer in their forms, and are members of a team as they are', async () => {
    const analysis = { conclusion: 'Tea pays.', points: [{ point: '5 euros each.', basis: 'tea' }], doubts: ['Rain.'] };
    const ana = analyst(scripted([json(analysis)]));
    expect((await ana('Does tea pay?')).output).toEqual(analysis);
    const model = scripted(['Tea pays.']);
    const will = writer(model, { instructions: 'For children.', name: 'will' });
    expect(await will('Write.')).toMatchObject({ output: 'Tea pays.', text: 'Tea pays.' });
    expect(json(model.requests[0]?.messages[0])).toContain('For children.');
    expect(teamMember(will).profile).toEqual({
      name: 'will',
      description: 'Writes texts from findings: reports, summaries, letters.',
      skills: ['writing'],
      maxConcurrent: 4,
    });
  });
});

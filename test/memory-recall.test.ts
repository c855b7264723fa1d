import { fileURLToPath } from 'node:url';
import type { Memory } from 'pipewright';
import { describe, expect, it } from 'vitest';
import { holds, kinds, readPeople } from '../bench/memory.js';

const data = process.env.PIPEWRIGHT_DATA ?? fileURLToPath(new URL('../../shared/data', import.meta.url));
const people = readPeople(`${data}/conversations`);

/** What was measured (docs/memory.md), less one question, for changes that help elsewhere. */
const expected: Readonly<Record<string, Readonly<Record<number, number>>>> = {
  'vectors and keywords': { 500: 0.9, 1000: 0.96, 2000: 0.96 },
  'episodes over keywords': { 500: 0.9, 1000: 0.96, 2000: 0.96 },
  'window, facts and episodes': { 500: 0.9, 1000: 0.96, 2000: 0.96 },
};

describe('memory on what people really say', () => {
  if (people.length === 0) console.warn(`Left out: memory recall, because ${data}/conversations is absent.`);

  it.runIf(people.length > 0).each(Object.keys(expected))('%s hold the answers within their room', async (kind) => {
    for (const person of people) {
      const memory = (await kinds[kind]?.(person)) as Memory;
      for (const { messages } of person.sessions) await memory.add(messages, { userId: person.id });
      for (const [room, share] of Object.entries(expected[kind] ?? {})) {
        let held = 0;
        for (const asked of person.questions) {
          const recalled = await memory.recall({ text: asked.question, maxTokens: Number(room), userId: person.id });
          expect(recalled.tokens).toBeLessThanOrEqual(Number(room));
          const { answer, evidence } = holds(recalled.messages, asked);
          if (answer || evidence) held++;
        }
        expect(held / person.questions.length, `${person.id} at ${room}`).toBeGreaterThanOrEqual(share);
      }
    }
  });

  it('tells an answer that is there from one that is not', () => {
    const asked = { question: 'Where?', accept: ['Oslo'], evidence: '...I live in Oslo now...' };
    expect(holds([{ role: 'user', content: 'I live in Oslo now, you know.' }], asked)).toEqual({
      answer: true,
      evidence: true,
    });
    expect(holds([{ role: 'user', content: 'Oslo is cold.' }], asked)).toEqual({ answer: true, evidence: false });
    expect(holds([{ role: 'user', content: 'I live in Oslonia.' }], asked)).toEqual({ answer: false, evidence: false });
  });
});

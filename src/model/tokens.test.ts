import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { estimateTokens, tokenCounter } from './index.js';

const dataFolder = process.env.PIPEWRIGHT_DATA ?? '../shared/data';

const samples = {
  english:
    'The committee met on Tuesday to discuss the budget for the coming year. Several members raised concerns about rising costs, but nobody proposed a cut that the others would accept.',
  german:
    'Der Ausschuss trat am Dienstag zusammen, um über den Haushalt des kommenden Jahres zu beraten. Mehrere Mitglieder äußerten Bedenken wegen der steigenden Kosten.',
  code: 'export const sum = (values: readonly number[]): number => {\n  let total = 0;\n  for (const value of values) total += value;\n  return total;\n};\n',
  chinese: '委员会星期二开会讨论明年的预算。几位成员对成本上升表示担忧，但没有人提出其他人愿意接受的削减方案。',
  japanese:
    '委員会は火曜日に会合を開き、来年の予算について話し合いました。何人かの委員が費用の増加に懸念を示しました。',
  russian: 'Комитет собрался во вторник, чтобы обсудить бюджет на следующий год. Несколько членов выразили опасения.',
};

/** Mean relative error over stretches of 800 characters. */
const meanError = async (text: string): Promise<number> => {
  const counter = tokenCounter('gpt-5');
  const stretches = text.match(/[\s\S]{800}/gu) ?? [];
  const errors = await Promise.all(
    stretches.map(async (stretch) => {
      const { tokens } = await counter.count(stretch);
      return Math.abs(estimateTokens(stretch) / tokens - 1);
    }),
  );
  return errors.reduce((sum, error) => sum + error, 0) / errors.length;
};

describe('estimateTokens', () => {
  it.each(Object.entries(samples))('is within a quarter of the true count for a paragraph of %s', async (_, text) => {
    const { tokens } = await tokenCounter('gpt-5').count(text);
    expect(Math.abs(estimateTokens(text) / tokens - 1)).toBeLessThan(0.25);
  });

  it('keeps the error it states on a corpus of English prose', async () => {
    const path = join(dataFolder, 'retrieval/xquad-en/corpus.jsonl');
    if (!existsSync(path)) {
      console.warn(`Left out: the error of the estimate on ${path}, which is not there.`);
      expect(await meanError(samples.english.repeat(20))).toBeLessThan(0.2);
      return;
    }
    const lines = readFileSync(path, 'utf8').trim().split('\n');
    const text = lines.map((line) => (JSON.parse(line) as { text: string }).text).join('\n\n');
    expect(await meanError(text)).toBeLessThan(0.06);
  });

  it('counts more for Claude, and still more for its newer tokenizer', () => {
    const plain = estimateTokens(samples.english);
    const claude4 = estimateTokens(samples.english, 'claude-sonnet-4-5-20250929');
    const claude5 = estimateTokens(samples.english, 'anthropic/claude-opus-5-5');
    expect(claude4 / plain).toBeCloseTo(1.1, 1);
    expect(claude5 / plain).toBeCloseTo(1.45, 1);
    expect(estimateTokens(samples.english, 'claude-opus-4.8')).toBe(claude5);
    expect(estimateTokens(samples.english, 'claude-3-7-sonnet-latest')).toBe(claude4);
  });

  it('is zero for no text and never below one for some', () => {
    expect(estimateTokens('')).toBe(0);
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (text) => {
        const tokens = estimateTokens(text);
        expect(Number.isInteger(tokens)).toBe(true);
        expect(text.trim() === '' || tokens >= 1).toBe(true);
      }),
    );
  });
});

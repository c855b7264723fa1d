import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type LabelSpec, labelSpecs, readLabel } from './labels.js';

const specs = labelSpecs([
  'spam',
  'not spam',
  { name: 'billing', aliases: ['Rechnung', 'facturation'] },
  'technical_issue',
]);

describe('a label in what a model wrote', () => {
  it.each<[string, string]>([
    ['spam', 'spam'],
    ['  "Spam".\n', 'spam'],
    ['**SPAM**', 'spam'],
    ['`technical-issue`', 'technical_issue'],
    ['Technical Issue', 'technical_issue'],
    ['{"label": "billing", "confidence": 0.8}', 'billing'],
    ['```json\n{"label": "Billing",}\n```', 'billing'],
    ['{"label": "billing", "confidence": 0.', 'billing'],
    ["{'category': 'technical issue'}", 'technical_issue'],
    ['{"Label": "billing"}', 'billing'],
    ['This is clearly a billing question.', 'billing'],
    ['It could be billing, but Label: technical_issue', 'technical_issue'],
    ['The answer is **not spam**, since they asked for it.', 'not spam'],
    ['It is not billing. It is spam.', 'spam'],
    ['Rechnung', 'billing'],
    ['Das ist eine Rechnung, kein Spam.', 'billing'],
    ['La catégorie est : facturation', 'billing'],
    ['<think>billing? no.</think>spam', 'spam'],
  ])('%s means %s', (answer, label) => {
    expect(readLabel(answer, specs)).toBe(label);
  });

  it.each<string>([
    '',
    'I cannot say.',
    'billing or spam',
    '{"label": "billing", "label2": "spam", "confidence": ',
    'spammer',
    'It is not billing.',
    '{"label": "shipping"}',
  ])('%s names none, or more than one', (answer) => {
    expect(readLabel(answer, specs)).toBeUndefined();
  });

  it.each<[string, string | undefined]>([
    ['B', 'not spam'],
    ['(C)', 'billing'],
    ['c) billing', 'billing'],
    ['A. spam', 'spam'],
    ['The answer is D.', 'technical_issue'],
    ['Answer: B', 'not spam'],
    ['A sure case of billing', 'billing'],
    ['Z', undefined],
  ])('with letters, %s means %s', (answer, label) => {
    expect(readLabel(answer, specs, true)).toBe(label);
  });

  it('never reads a label that the answer does not hold, and never throws', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), (answer) => {
        const label = readLabel(answer, specs);
        const known: LabelSpec | undefined = specs.find(({ name }) => name === label);
        const words = [known?.name ?? '', ...(known?.aliases ?? [])].flatMap((name) =>
          name.toLowerCase().split(/[ _]/u),
        );
        if (label !== undefined) {
          const folded = answer.normalize('NFKC').toLowerCase();
          expect(words.some((word) => folded.includes(word))).toBe(true);
        }
      }),
    );
  });

  it('refuses labels that cannot be told apart', () => {
    expect(() => labelSpecs(['a'])).toThrow('at least two');
    expect(() => labelSpecs(['To do', 'to-do'])).toThrow('comes twice');
    expect(() => labelSpecs(['a', { name: 'b', aliases: ['A'] }])).toThrow('comes twice');
    expect(() => labelSpecs(['a', 'Unsure'])).toThrow('kept for texts');
    expect(() => labelSpecs(['a', '!'])).toThrow('no letters');
  });
});

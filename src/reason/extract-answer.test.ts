import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AnswerKind } from './answer-value.js';
import { extractAnswer } from './extract-answer.js';

type Row = [text: string, kind: AnswerKind | undefined, answer: string | undefined, foundBy?: string];

describe('finding the answer in what a model wrote', () => {
  it.each<Row>([
    ['Work.\n<answer>42</answer>', undefined, '42', 'tag'],
    ['Work.\n<answer>42', undefined, '42', 'tag'],
    ['<think>maybe 5</think>The answer is **7**.', undefined, '7', 'phrase'],
    ['thinking...</think>\n\\boxed{\\frac{1}{2}}', undefined, '\\frac{1}{2}', 'boxed'],
    ['So $x = 5$.\n\nThe final answer is $\\boxed{5}$. I hope it is correct.', undefined, '5', 'boxed'],
    ['\\boxed{1}, no: \\boxed{2}, and then \\boxed{3', undefined, '2', 'boxed'],
    ['**Final Answer:** $1,234.50', undefined, '$1,234.50', 'marker'],
    ['### Final Answer\n\n42 apples\n\nHope that helps!', undefined, '42 apples', 'marker'],
    ['**Answer**\n**(B)** Paris', 'choice', 'B', 'marker'],
    ['Let us see.\nA: red\nB: blue\nC: green\nThe correct answer is (C) green.', 'choice', 'C', 'phrase'],
    ['6 / 2 = <<6/2=3>>3\nA: 3', undefined, '3', 'marker'],
    ['The answer is not obvious.\nAnswer: 3 × 14 = 42', 'number', '42', 'marker'],
    ['Answer: it depends.\nAnswer: none yet.\nThat makes 12 in all.', 'number', '12', 'last-number'],
    ['Therefore, the answer is 3.5 hours. That is all.', undefined, '3.5 hours', 'phrase'],
    ['We get 10 + 32 = 42', undefined, '42', 'last-number'],
    ['A third of it is $<<60/3=20.0>>20.0.', undefined, '20.0', 'last-number'],
    ['so 5 - 3 = 2 and 180-240', 'number', '240', 'last-number'],
    ['It is x2 and H2O', 'number', undefined],
    ['It is **Paris**, the capital.', undefined, 'Paris', 'bold'],
    ['**Step 1:** add. **Note**: multiply to get 12 and so on', undefined, '12', 'last-number'],
    ['Die Rechnung.\nAntwort: 12 Äpfel', undefined, '12 Äpfel', 'marker'],
    ['计算。\n答案：42', undefined, '42', 'marker'],
    ['Yes, because it is so.', 'yes-no', 'yes', 'last-line'],
    ['I think so. The answer is no, since it rains.', 'yes-no', 'no', 'phrase'],
    ['Q. Answer: Option D', 'choice', 'D', 'marker'],
    ['A vote for B was cast', 'choice', 'B', 'last-line'],
    ['It took place.\nThe answer is March 5, 2024.', 'date', 'March 5, 2024', 'phrase'],
    ['Answer: 5\nExplanation: because.', undefined, '5', 'marker'],
    ['Final answer:\n- pear\n- apple\n\nBye', 'list', '- pear\n- apple', 'marker'],
    ['Answer:\n```js\nf(1);\n\ng(2);\n```\nDone.', 'text', '```js\nf(1);\n\ng(2);\n```', 'marker'],
    ['#### 1,080', undefined, '1,080', 'hashes'],
    ['#### Summary\nwe did it\n**The answer: 12**', undefined, '12', 'marker'],
    ['The answer is: **$45,000**.', 'number', '$45,000', 'phrase'],
    ['The final answer is: $-\\frac{3}{4}$', 'number', '-3/4', 'phrase'],
    ['Just words', undefined, 'Just words', 'last-line'],
    ['', undefined, undefined],
    ['<think>It goes on and on', undefined, undefined],
    ['no number here', 'number', undefined],
  ])('in %j, as %s, it is %j', (text, kind, answer, foundBy) => {
    const found = extractAnswer(text, kind);
    expect(found?.answer).toBe(answer);
    if (foundBy !== undefined && !foundBy.startsWith('phrase')) expect(found?.foundBy).toBe(foundBy);
  });

  it('gives what stands before a marked answer as the reasoning, thinking first', () => {
    const found = extractAnswer('<think>Six boxes.</think>\n6 × 7 = 42.\n\n**Answer:** 42');
    expect(found?.reasoning).toBe('Six boxes.\n\n6 × 7 = 42.');
    expect(extractAnswer('6 × 7 = 42.')?.reasoning).toBe('6 × 7 = 42.');
  });

  it('takes the last of several marked answers', () => {
    expect(extractAnswer('Answer: 5\nWait, I forgot one.\nAnswer: 6')?.answer).toBe('6');
  });
});

const kinds: readonly (AnswerKind | undefined)[] = [undefined, 'number', 'choice', 'yes-no', 'date', 'list', 'text'];
/** What the patterns look for, in any order. */
const pieces = fc.constantFrom(
  ...[
    'Answer',
    ':',
    '**',
    '__',
    '\n',
    ' ',
    'The answer is',
    '<answer>',
    '</answer>',
    '\\boxed{',
    '}',
    '{',
    '####',
    'A:',
  ],
  ...[
    'B:',
    '1,234.5',
    '-',
    '$',
    '\\frac',
    '<think>',
    '</think>',
    '<<',
    '>>',
    '.',
    '/',
    '7',
    'e',
    '^',
    '(',
    ')',
    '```',
    'İ',
    '½',
    '²',
  ],
);

describe('hostile texts', () => {
  it('never make it throw, and an answer is never empty', () => {
    const texts = fc.oneof(
      fc.array(pieces, { maxLength: 60 }).map((parts) => parts.join('')),
      fc.string({ unit: 'binary' }),
    );
    fc.assert(
      fc.property(texts, fc.constantFrom(...kinds), (text, kind) => {
        const found = extractAnswer(text, kind);
        expect(found?.answer).not.toBe('');
        expect(found === undefined || text.length >= found.reasoning.length - 2).toBe(true);
      }),
      { numRuns: 3_000 },
    );
  });

  it('an answer that is written in a usual way comes back', () => {
    const ways: readonly ((answer: string) => string)[] = [
      (answer) => `<answer>${answer}</answer>`,
      (answer) => `Answer: ${answer}`,
      (answer) => `**Answer:** ${answer}.`,
      (answer) => `#### ${answer}`,
      (answer) => `So the final answer is $\\boxed{${answer}}$.`,
      (answer) => `Therefore, the answer is ${answer}.`,
    ];
    const numbers = fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }));
    fc.assert(
      fc.property(numbers, fc.constantFrom(...ways), fc.integer({ min: 0, max: 99 }), (number, way, other) => {
        const answer = String(number);
        const text = `First ${other} and then ${other} more.\n${way(answer)}`;
        expect(Number(extractAnswer(text, 'number')?.answer)).toBe(Number(answer));
      }),
      { numRuns: 1_000 },
    );
  });

  /** A repeated beginning of something is what makes a pattern go back again and again. */
  const repeated: readonly string[] = [
    ...[
      '*',
      '**a',
      ' ',
      '\n',
      '1',
      '1,',
      '1.',
      '1 ',
      '-',
      '- ',
      '$',
      '{',
      '\\boxed{',
      '<answer>',
      '####',
      'Answer',
      'Answer:',
    ],
    ...[
      'the answer is ',
      'A:\n',
      '<<',
      '(',
      '```',
      '1e',
      '1/',
      '1/2 ',
      '.',
      '. ',
      '__',
      '\\frac{',
      '答案',
      "1'",
      'the ',
      '> ',
      '#',
    ],
  ];

  /** A pattern that goes back over what it has read takes hours for these, and then the time-out of the test ends it. */
  it.each(repeated)('hundreds of thousands of %j are read in a blink', { timeout: 20_000 }, (piece) => {
    const text = piece.repeat(Math.ceil(400_000 / piece.length));
    for (const kind of kinds) extractAnswer(text, kind);
    expect(extractAnswer(`${text}\nAnswer: 12`, 'number')?.answer).toBe('12');
  });
});

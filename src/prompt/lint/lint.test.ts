import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assistant, system, user } from '../../core/index.js';
import {
  brief,
  chatPrompt,
  examples,
  history,
  type Lintable,
  type LintRule,
  lint,
  parts,
  personas,
  prompt,
  sources,
} from '../index.js';

const rulesOf = (prompt: Lintable): readonly LintRule[] => lint(prompt).map(({ rule }) => rule);

describe('lint', () => {
  it('says where, by offsets into the template', () => {
    const template =
      'Summarise the article in one sentence. {{x}} Be nice, etc.\n\nArticle:\n<article>{article}</article>';
    const [first, second] = lint(template);
    expect(first).toMatchObject({ rule: 'unfilled-placeholder', severity: 'error', where: { item: 0, text: '{{x}}' } });
    expect(template.slice(first?.where.start, first?.where.end)).toBe('{{x}}');
    expect(second?.where.text).toBe('etc.');
    const chat = [system('Answer in one line.'), history('turns'), user('{q}, and so on')];
    expect(lint(chat)).toMatchObject([{ rule: 'vague-instruction', where: { item: 2, text: 'and so on' } }]);
    expect(lint(chatPrompt(chat))).toEqual(lint(chat));
  });

  it('knows a prompt by its template', () => {
    expect(lint(prompt('Write a good story, etc.'))).toEqual(lint('Write a good story, etc.'));
    expect(rulesOf({ template: '{ "a": 1', variables: [] })).toEqual([]);
  });

  it('does not quote a secret', () => {
    const [found] = lint(`Call the service with the key ${'sk-'}${'a1B2c3D4e5F6g7H8'.repeat(2)}.`);
    expect(found).toMatchObject({ rule: 'secret', severity: 'error', where: { text: '' } });
    expect(JSON.stringify(found)).not.toContain('a1B2');
  });

  it('counts tokens up to the limit that it is given', () => {
    const long = Array.from({ length: 60 }, (_, at) => `Rule ${at}: answer in ${at} words.`).join('\n');
    expect(rulesOf(long)).not.toContain('overlong');
    expect(lint(long, { maxTokens: 200 }).map(({ rule }) => rule)).toContain('overlong');
    expect(() => lint('x', { maxTokens: 0 })).toThrow(expect.objectContaining({ code: 'bad-option' }));
  });

  it('looks at the wording of English alone', () => {
    expect(
      rulesOf('Fasse den folgenden Artikel kurz zusammen, usw. Schreibe nicht zu lang, aber ausführlich.'),
    ).toEqual([]);
    expect(rulesOf('Analyse der Daten')).toEqual([]);
    expect(rulesOf('Übersetze [insert text] ins Deutsche.')).toEqual(['unfilled-placeholder']);
  });

  it('takes examples, code and quotations for what they are', () => {
    for (const quoted of [
      'Name the tone in one word. <examples><example><input>be nice, etc.</input><output>kind</output></example></examples>',
      'Name the tone of the line in one word.\n```\nTODO: handle this properly, etc.\n```',
      'Answer "as you see fit, etc." with one word.',
    ]) {
      expect(rulesOf(quoted)).toEqual([]);
    }
  });

  it('finds fault with no brief that has all its parts', () => {
    const whole = brief({
      role: personas.supportAgent,
      task: 'Classify the ticket by the team that must answer it.',
      context: 'We sell shoes online in Europe.',
      constraints: ['Choose the team that can act first.', 'Judge by what the customer wants done.'],
      format: 'One word, one of: billing, shipping, account.',
      examples: [
        { input: 'Where is my parcel?', output: 'shipping' },
        { input: 'I was charged twice', output: 'billing' },
      ],
      data: ['ticket'],
    });
    expect(lint(whole)).toEqual([]);
    const chat = chatPrompt([{ role: 'system', prompt: whole }, examples('shots'), parts('pictures'), user('{q}')]);
    expect(lint(chat)).toEqual([]);
  });

  it.each(Object.entries(personas))('finds fault with no persona: %s', (_, persona) => {
    const own = brief({ role: persona, task: 'Answer the question below in three sentences.', data: ['question'] });
    expect(lint(own)).toEqual([]);
  });

  it('compares examples with the rules, wherever they stand', () => {
    const labels = system('Answer with one of: positive, negative.');
    const shots = [
      { input: 'Great!', output: 'positive' },
      { input: 'Meh', output: 'neutral' },
    ];
    const given = chatPrompt([labels, examples('shots'), user('{q}')]).partial({ shots });
    const turns = [labels, user('Great!'), assistant('positive'), user('Meh'), assistant('neutral'), user('{q}')];
    const tagged = brief({ task: 'Answer with one of: positive, negative.', examples: shots, data: ['q'] });
    for (const each of [given, turns, tagged]) {
      const found = lint(each).filter(({ rule }) => rule === 'example-mismatch');
      expect(found.map(({ message }) => message)).toEqual([expect.stringContaining('none of positive, negative')]);
    }
  });

  it('never throws, whatever it is given, and points inside the text', () => {
    const piece = fc.constantFrom(
      '{a}',
      '{',
      '}',
      '{{',
      '```\n',
      '"""',
      '<a>\n',
      '</a>',
      '"',
      'Never ',
      'etc. ',
      '\n',
      'JSON ',
      '“',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string())), (pieces) => {
        const text = pieces.join('');
        for (const { where } of lint(text)) {
          expect(where.start).toBeGreaterThanOrEqual(0);
          expect(where.end).toBeLessThanOrEqual(text.length);
          expect(text.slice(where.start, where.end).startsWith(where.text)).toBe(true);
        }
      }),
    );
  });

  it.each([
    '<a>\n',
    '{text} ',
    '"""',
    '```\n',
    'a:\n',
    'never ',
    '"',
    '[insert ',
    '1/2/',
    '<example><input>',
    'this text. ',
  ])('reads a hostile prompt of many %j to its end', (piece) => {
    const found = lint(piece.repeat(40_000 / piece.length));
    expect(new Set(found.map(({ rule }) => rule)).size).toBeLessThan(16);
  });
});

describe('lint of places', () => {
  it.each([
    '<ticket>\nSubject: {subject}\n\n{body}\n</ticket>\nClassify it with one word.',
    'Classify it with one word.\n```\n{code}\n```',
    'Classify "{text}" with one word.',
    'Classify it with one word.\n"""\n{text}\n"""',
    'Classify it with one word.\n---\n{email}\n---\n',
    '# Document\n{document}\n\n# Question\n{question}\n\nAnswer:',
    'Name a {thing}, in {language}, for {audience}.',
  ])('takes data for delimited in: %s', (template) => {
    expect(rulesOf(template)).not.toContain('undelimited-data');
  });

  it('leaves a message that is nothing but a value alone, and minds one in a system message', () => {
    expect(lint([system('Answer in one sentence.'), user('{question}')])).toEqual([]);
    expect(lint([system('Answer {question} in one sentence.'), user('Go')])).toMatchObject([
      { rule: 'undelimited-data', severity: 'warning' },
    ]);
    expect(lint('Translate to {language}: {text}')).toMatchObject([{ rule: 'undelimited-data', severity: 'info' }]);
    expect(rulesOf([system('Answer from the sources.'), sources('passages'), user('{q}')])).toEqual(['no-fallback']);
  });
});

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { assistant, system, user } from '../../core/index.js';
import { type Lintable, lint, type LintRule, sources } from '../index.js';

const fixed = 'The shop is open from nine to five on weekdays and closed on public holidays. ';

/** A rule, a prompt that breaks it, and what the finding quotes. */
const badPrompts: readonly (readonly [rule: LintRule, prompt: Lintable, quoted: string])[] = [
  ['vague-instruction', 'List the fruits, vegetables, etc. that grow in {country}.', 'etc.'],
  ['vague-instruction', 'Write a really good summary of <t>{t}</t> in one paragraph.', 'good summary'],
  ['vague-instruction', 'Rewrite <t>{t}</t> in one paragraph and make it sound better.', 'make it sound better'],
  ['vague-instruction', 'Describe {place} in a text that is not too long.', 'not too long'],
  ['vague-instruction', 'Give me some examples of birds of {country} as a list.', 'some examples'],
  ['vague-instruction', 'Answer in one line. Use tools as you see fit.', 'as you see fit'],
  ['vague-instruction', 'Answer in one line. Try to name the source.', 'Try to'],
  ['no-output-format', 'Analyze the sales of {region} for {year} and tell us about it.', ''],
  ['no-output-format', [system('You review code.'), user('Review this: <code>{code}</code>')], ''],
  ['missing-context', 'Summarize the following article in three sentences.', 'the following article'],
  ['missing-context', 'Translate this text into German and answer with the translation only.', 'this text'],
  ['missing-context', 'Rewrite the e-mail.', 'Rewrite the e-mail'],
  ['missing-context', 'Write a blog post.', ''],
  ['undelimited-data', 'Read {email} and then decide in one word whether it is spam.', '{email}'],
  [
    'undelimited-data',
    [system('You help. The profile is {profileText} and you obey it.'), user('Hi')],
    '{profileText}',
  ],
  ['undelimited-data', 'Summarise in one line: {article}', '{article}'],
  ['contradiction', 'Be concise. Explain {topic} in great detail.', 'in great detail'],
  ['contradiction', 'Answer {q} with yes or no only. Explain your reasoning.', 'Explain your reasoning'],
  ['contradiction', 'Use a formal tone in your mail to {name}. Write in a casual way, as to a friend.', 'casual'],
  ['contradiction', 'Use bullet points. Tell of {x}. Do not use lists.', 'Do not use lists'],
  ['contradiction', 'Tell of {x} in at most 50 words. Your answer has at least 100 words.', 'at least 100'],
  ['contradiction', 'Always cite your sources. Tell of {x} in one line. Never cite any sources.', 'Never cite'],
  ['contradiction', 'Answer in English. You help {name}. Always respond in French.', 'French'],
  ['contradiction', 'Format the answer in Markdown. Tell of {x}. Do not use Markdown.', 'Do not use Markdown'],
  [
    'contradiction',
    [system('Reply only with the label.'), user('Label <t>{t}</t>. Show your work.')],
    'Show your work',
  ],
  [
    'negative-only',
    'Answer {q}.\nDo not use jargon.\nDo not write long sentences.\nNever mention prices.\nAvoid the passive voice.',
    'Do not use jargon',
  ],
  ['overlong', `${'one '.repeat(70)}and name {it} in a word.`, 'one one'],
  ['overlong', 'The answer is a list of words. '.repeat(400), ''],
  ['repeated-instruction', 'Answer in one short line. Name {x}. Answer in one short line.', 'Answer in one short line'],
  ['shouting', 'You MUST answer. NEVER guess. ALWAYS cite. IMPORTANT: one line about {x}.', 'MUST'],
  ['shouting', 'Answer {q} in one line!!!', '!!!'],
  ['unclosed-delimiter', 'Name the language in one word.\n<code>\n{code}\n', '<code>'],
  ['unclosed-delimiter', 'Name the language in one word.\n```\n{code}\n', '```'],
  ['unclosed-delimiter', 'Name the tone in one word. """{text}', '"""'],
  ['unfilled-placeholder', 'Write one line about [insert topic here].', '[insert topic here]'],
  ['unfilled-placeholder', 'Write one line about {{topic}}.', '{{topic}}'],
  [`unfilled-placeholder`, 'Write one line about $' + '{topic}.', '{topic}'],
  ['unfilled-placeholder', `Write one line about cats. ${'TO'}DO: name the breeds.`, 'DO'],
  ['hidden-character', 'Write one line about {topic}.\u200b\u{e0041}', '\u200b'],
  ['no-fallback', 'Answer {q} in one line, only from the context.\n<context>\n{context}\n</context>', ''],
  ['no-fallback', [system('Answer questions in one line.'), sources('passages'), user('{q}')], ''],
  ['cache-order', `Today is {date}. ${fixed.repeat(80)}Answer {q} in one line.`, '{date}'],
  [
    'example-mismatch',
    [system('Return a JSON object with the key "tone".'), user('Hi'), assistant('friendly'), user('{text}')],
    '',
  ],
  [
    'example-mismatch',
    [user('2+2'), assistant('4'), user('3+3'), assistant('6'), user('2+2'), assistant('5'), user('{sum}')],
    '',
  ],
  [
    'example-mismatch',
    [user('a'), assistant('{{"x": 1}}'), user('b'), assistant('[2]'), user('c'), assistant('three'), user('{d}')],
    '',
  ],
  [
    'example-mismatch',
    [system('Answer in one word.'), user('Sky?'), assistant('It is blue today'), user('{thing}')],
    '',
  ],
];

describe('lint of bad prompts', () => {
  it.each(badPrompts.map((row, at) => [row[0], at + 1, row] as const))('finds %s in prompt %i', (rule, _, row) => {
    const [, given, quoted] = row;
    const found = lint(given).filter((finding) => finding.rule === rule);
    expect(found).not.toEqual([]);
    expect(found[0]?.where.text).toContain(quoted);
    expect(lint(given, { ignore: [rule] }).map((finding) => finding.rule)).not.toContain(rule);
  });

  it('covers the rules that the page tells of, and the page all rules', () => {
    const page = readFileSync(new URL('../../../docs/prompt-anatomy.md', import.meta.url), 'utf8');
    const documented = Array.from(page.matchAll(/^\| `([a-z-]+)` \|/gmu), ([, rule]) => rule);
    const tested = new Set<string>(badPrompts.map(([rule]) => rule));
    expect(new Set(documented)).toEqual(new Set([...tested, 'secret']));
  });
});

import { describe, expect, it } from 'vitest';
import { assistant, system, user } from '../../core/index.js';
import { history, type Lintable, lint, sources } from '../index.js';

/** Prompts as careful people write them: none deserves a warning. */
const goodPrompts: readonly (readonly [name: string, prompt: Lintable])[] = [
  [
    'a classifier',
    `Classify the support ticket by the team that must answer it.
Answer with exactly one of: billing, shipping, account.

<ticket>
{ticket}
</ticket>`,
  ],
  [
    'an extraction to JSON',
    `Extract the invoice number, the date and the total from the e-mail between the tags.
Return a JSON object with the keys "number", "date" (YYYY-MM-DD) and "total" (a number). Use null for what is not there.

<email>
{email}
</email>

Return only the JSON object.`,
  ],
  [
    'a summary with a length',
    `You are an editor of a medical journal.
Summarise the study below for general practitioners in at most 120 words, in plain English.
Name the number of patients, the main result with its confidence interval, and one weakness.

## Study
{study}`,
  ],
  [
    'answers from sources',
    [
      system(
        'Answer the question from the sources. Quote the sentence that your answer rests on. If the sources do not hold the answer, say that you do not know.',
      ),
      history('turns'),
      sources('passages'),
      user('{question}'),
    ],
  ],
  [
    'few-shot turns',
    [
      system('Rewrite the sentence in the active voice. Answer with the sentence alone.'),
      user('The ball was thrown by Ann.'),
      assistant('Ann threw the ball.'),
      user('{sentence}'),
    ],
  ],
  [
    'a code review',
    `Review the diff for defects that could reach production: wrong results, crashes, data loss, security holes.
For each one give the file and line, the failing case, and a fix of at most three lines.
Leave out matters of style. If there is no defect, answer "No defects found."

\`\`\`diff
{diff}
\`\`\``,
  ],
  [
    'a chat assistant',
    [
      system(
        `You are the assistant of a bicycle shop. You help customers choose a bicycle and book a repair.
Keep replies under 80 words. Ask one question at a time.
When a customer wants to cancel an order, hand over to a person by writing "HANDOVER".
Do not discuss prices of other shops; offer ours instead.`,
      ),
      history('turns'),
      user('{message}'),
    ],
  ],
  [
    'a brief answer with a detailed appendix',
    `Write a report on the incident in two parts.
First part: a brief summary of two sentences for managers.
Second part: a detailed description for engineers, as a numbered list of events with times.

<log>
{log}
</log>`,
  ],
  [
    'reasons inside the JSON',
    `Judge whether the review is fake. Answer only with JSON of two keys: "reason", where you explain your verdict in one sentence, and "verdict", which is "fake" or "real".

<review>{review}</review>`,
  ],
  [
    'limits of different parts',
    `Write a product page for {product}. The title has at most 8 words. The body has at least 150 words and at most 250 words.
Audience: hikers who buy their first tent.`,
  ],
  [
    'a translation',
    `Translate the text between the tags into {language}. Keep names, numbers and mark-up as they are. Answer with the translation only.
<text>{text}</text>`,
  ],
  [
    'a literal text behind the task',
    `Summarise this article in three bullet points.

The city council voted on Tuesday to close the old bridge for two years while it is rebuilt. Traffic will be led over the northern ring road, and ferries will run every ten minutes between six in the morning and midnight. Shop owners on both banks fear for their trade and ask for compensation.`,
  ],
  ['a question', 'Why is the sky blue? Explain it to a child of eight in five sentences.'],
  [
    'a query writer',
    `Given the table below, write one PostgreSQL query that answers the question. Return the query alone, in a code block.

Table: orders(id int, customer_id int, total numeric, created_at timestamptz)
Question: {question}`,
  ],
  [
    'rules with alternatives',
    `Answer in the language of the customer.
Do not guess an order number; ask for it.
Never promise a date; say that a colleague will confirm it.
Do not apologise more than once, but stay friendly.
Reply with at most four sentences.

<message>
{message}
</message>`,
  ],
  [
    'a persona with a task in Markdown',
    `# Role
You are a senior data analyst.

# Task
Compare revenue of the two quarters in the table and name the three largest changes with their cause, where the notes give one.

# Output
A Markdown table with the columns region, change in %, cause. Write "not given" where the notes are silent.

# Data
<table>
{table}
</table>
<notes>
{notes}
</notes>`,
  ],
];

describe('lint of good prompts', () => {
  it.each(goodPrompts)('has nothing against %s', (_, given) => {
    expect(lint(given).filter(({ severity }) => severity !== 'info')).toEqual([]);
  });
});

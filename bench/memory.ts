/**
 * What each kind of memory recalls, without a model: `npx tsx bench/memory.ts`. People talk about themselves in several sessions, then
 * ask; a question counts where what is recalled within the budget holds a right answer or the words that it stands on.
 * `PIPEWRIGHT_CONVERSATIONS` names a folder with `bfcl-memory.jsonl`, or with further files of that form; `PIPEWRIGHT_KINDS` some of
 * the kinds. The settings were chosen on "customer"; "notetaker" was held out.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Embedder, type Memory, type Message, partsOf } from '../src/core/index.js';
import { bm25 } from '../src/keyword/index.js';
import {
  bufferMemory,
  composeMemory,
  episodicMemory,
  factMemory,
  summaryBufferMemory,
  summaryMemory,
  tokenMemory,
  vectorMemory,
  windowMemory,
} from '../src/memory/index.js';
import { fitLatentEmbedder, localEmbedder } from '../src/model/index.js';
import { sentenceSpans, words } from '../src/text/index.js';
import { hnsw } from '../src/vector/index.js';

export interface RememberedPerson {
  readonly id: string;
  readonly sessions: readonly { readonly messages: readonly Message[] }[];
  readonly questions: readonly {
    readonly question: string;
    readonly accept: readonly string[];
    readonly evidence: string;
  }[];
}

const root = fileURLToPath(new URL('..', import.meta.url));
const data = process.env.PIPEWRIGHT_DATA ?? `${root}../shared/data`;
const folder = process.env.PIPEWRIGHT_CONVERSATIONS ?? `${data}/conversations`;

const isPeople = (name: string): boolean => name.endsWith('-memory.jsonl');

/** The people of a folder; none where it is absent. */
export const readPeople = (from: string = folder): readonly RememberedPerson[] =>
  existsSync(from)
    ? readdirSync(from)
        .filter(isPeople)
        .flatMap((name) => readFileSync(`${from}/${name}`, 'utf8').trim().split('\n'))
        .map((line) => JSON.parse(line) as RememberedPerson)
    : [];

const plain = (text: string): string => ` ${words(text).join(' ')} `;

const linesOf = (messages: readonly Message[]): readonly string[] =>
  messages
    .flatMap((message) => partsOf(message))
    .flatMap((part) => (part.type === 'text' || part.type === 'source' ? part.text.split('\n') : []))
    .map(plain);

/** Whether one line holds nine tenths of the words of a sentence: quotations in the data leave some out. */
const isSaid = (sentence: string, lines: readonly string[]): boolean => {
  const wanted = [...new Set(words(sentence))];
  return lines.some((line) => wanted.filter((word) => line.includes(` ${word} `)).length >= 0.9 * wanted.length);
};

/** Whether the messages hold a right answer, or all that the evidence says. */
export const holds = (
  messages: readonly Message[],
  { accept, evidence }: RememberedPerson['questions'][number],
): { readonly answer: boolean; readonly evidence: boolean } => {
  const lines = linesOf(messages);
  const quoted = evidence
    .split(/\.\.\.|…/u)
    .flatMap((piece) => sentenceSpans(piece).map(({ start, end }) => piece.slice(start, end)));
  const pieces = quoted.filter((sentence) => words(sentence).length >= 3);
  return {
    answer: accept.some((one) => lines.some((line) => line.includes(plain(one)))),
    evidence: pieces.length > 0 && pieces.every((sentence) => isSaid(sentence, lines)),
  };
};

type Kinds = Readonly<Record<string, (person: RememberedPerson) => Promise<Memory>>>;

const vectors = async (embedder: Embedder, hasKeywords: boolean): Promise<Memory> =>
  vectorMemory(await hnsw({ embedder, engine: 'exact' }), hasKeywords ? { keywords: await bm25() } : {});

const said = ({ sessions }: RememberedPerson): readonly string[] =>
  sessions.flatMap(({ messages }) => messages.map(({ content }) => String(content)));

export const kinds: Kinds = {
  buffer: async () => bufferMemory(),
  window: async () => windowMemory(),
  tokens: async () => tokenMemory(),
  summary: async () => summaryMemory(),
  'summary-buffer': async () => summaryBufferMemory(),
  'vectors, local embedder': () => vectors(localEmbedder(), false),
  'vectors and keywords': () => vectors(localEmbedder(), true),
  'latent vectors and keywords': async (person) => vectors(await fitLatentEmbedder(said(person)), true),
  'episodes over keywords': async () => episodicMemory(await bm25()),
  'facts by patterns': async () => factMemory(),
  'window, facts and episodes': async () =>
    composeMemory([windowMemory(), factMemory(), episodicMemory(await bm25())], { shares: [0.3, 0.1, 0.6] }),
};

const budgets = [200, 500, 1_000, 2_000];

const measure = async (memory: Memory, { questions, id }: RememberedPerson): Promise<Record<string, string>> => {
  const row: Record<string, string> = {};
  const missed: string[] = [];
  let tookMs = 0;
  for (const maxTokens of budgets) {
    let right = 0;
    let evident = 0;
    let tokens = 0;
    for (const asked of questions) {
      const startedMs = performance.now();
      const recalled = await memory.recall({ text: asked.question, maxTokens, userId: id });
      tookMs += performance.now() - startedMs;
      if (recalled.tokens > maxTokens) throw new Error(`${recalled.tokens} tokens where ${maxTokens} are allowed.`);
      tokens += recalled.tokens;
      const held = holds(recalled.messages, asked);
      if (held.answer || held.evidence) right++;
      else missed.push(`${maxTokens}: ${asked.question}`);
      if (held.evidence) evident++;
    }
    const share = (part: number): string => (part / questions.length).toFixed(2);
    row[String(maxTokens)] = `${share(right)} (${share(evident)}) ${Math.round(tokens / questions.length)}`;
  }
  if (process.env.PIPEWRIGHT_MISSES !== undefined) console.log(missed.join('\n'));
  return { ...row, 'ms a recall': (tookMs / questions.length / budgets.length).toFixed(1) };
};

const main = async (): Promise<void> => {
  const people = readPeople();
  if (people.length === 0) console.log(`Left out: ${folder} holds no conversations.`);
  const wanted = process.env.PIPEWRIGHT_KINDS?.split(';');
  console.log(
    'For each budget: share of the questions with answer or evidence recalled, (evidence alone), mean tokens.',
  );
  for (const person of people) {
    const table: Record<string, Record<string, string>> = {};
    for (const [name, make] of Object.entries(kinds)) {
      if (wanted !== undefined && !wanted.includes(name)) continue;
      const memory = await make(person);
      for (const { messages } of person.sessions) await memory.add(messages, { userId: person.id });
      table[name] = await measure(memory, person);
    }
    console.log(`${person.id}: ${person.sessions.length} sessions, ${person.questions.length} questions`);
    console.table(table);
  }
};

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();

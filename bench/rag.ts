/**
 * The members of the RAG family beside each other, without a model: `npx tsx bench/rag.ts`. `PIPEWRIGHT_RETRIEVAL` names a folder
 * of collections; those whose questions come with answers are measured. `PIPEWRIGHT_EVERY` asks each so many-th question only.
 * What a model adds cannot be measured offline; the same table with a model takes `compareAnswers` with members made of it.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createRun, explain, type Retriever, seededRandom, type Step } from '../src/core/index.js';
import { bm25 } from '../src/keyword/index.js';
import { localEmbedder } from '../src/model/index.js';
import { extractive } from '../src/provider/extractive/index.js';
import {
  adaptive,
  type Answer,
  answer,
  conversational,
  corrective,
  lexicalGrader,
  multiHopAnswer,
  type Question,
  reflective,
} from '../src/rag/index.js';
import { hybrid } from '../src/retrieve/index.js';
import { hnsw } from '../src/vector/index.js';
import { collectionsIn, readCollection } from './lib/collection.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const data = process.env.PIPEWRIGHT_DATA ?? `${root}../shared/data`;
const folder = process.env.PIPEWRIGHT_RETRIEVAL ?? `${data}/retrieval`;
const every = Number(process.env.PIPEWRIGHT_EVERY ?? 2);

interface Asked {
  readonly text: string;
  readonly answers: readonly string[];
  /** Title of the article that holds the answer. */
  readonly title: string;
  /** Id of the paragraph that holds it. */
  readonly paragraph: string;
}

const share = (part: number, all: number): string => (all === 0 ? '–' : (part / all).toFixed(3));

/** What a member made of the questions. */
const measure = async (questions: readonly Asked[], ask: Step<Question, Answer>): Promise<Record<string, string>> => {
  let answered = 0;
  let right = 0;
  let claims = 0;
  let held = 0;
  let guessed = 0;
  let calls = 0;
  const random = seededRandom(1);
  const startedMs = performance.now();
  for (const { text, answers } of questions) {
    const run = createRun({ random });
    const result = await ask(text, run);
    calls += run.meter.spent.calls;
    claims += result.citations.length + result.uncited.length;
    held += result.citations.filter(({ verdict }) => verdict === 'verbatim' || verdict === 'supported').length;
    if (!result.isAnswered) continue;
    answered++;
    if (answers.some((one) => result.text.includes(one))) right++;
  }
  const tookMs = performance.now() - startedMs;
  for (const { text, title } of questions) {
    const { isAnswered } = await ask({ question: text, filter: { title: { $ne: title } } }, createRun({ random }));
    if (isAnswered) guessed++;
  }
  return {
    answered: share(answered, questions.length),
    right: share(right, questions.length),
    'right of answered': share(right, answered),
    'claims supported': share(held, claims),
    'answered though not there': share(guessed, questions.length),
    'calls a question': (calls / questions.length).toFixed(2),
    'calls at most': String(explain(ask).maxModelCalls),
    'ms a question': (tookMs / questions.length).toFixed(1),
  };
};

const quantiles = (grades: readonly number[]): Record<string, string> => {
  const sorted = [...grades].sort((a, b) => a - b);
  const at = (part: number): string => (sorted[Math.floor(part * (sorted.length - 1))] ?? Number.NaN).toFixed(2);
  return { '10 %': at(0.1), '50 %': at(0.5), '90 %': at(0.9), passages: String(sorted.length) };
};

/** What the default grader of `corrective` makes of the five best passages of each question. */
const compareGrades = async (questions: readonly Asked[], search: Retriever): Promise<void> => {
  const grade = lexicalGrader();
  const grades: Record<'right' | 'same article' | 'other article', number[]> = {
    right: [],
    'same article': [],
    'other article': [],
  };
  for (const { text, title, paragraph } of questions) {
    for (const hit of await search({ text, k: 5 })) {
      const group = hit.id === paragraph ? 'right' : hit.title === title ? 'same article' : 'other article';
      grades[group].push(await grade({ question: text, hit }));
    }
  }
  console.table(Object.fromEntries(Object.entries(grades).map(([group, all]) => [group, quantiles(all)])));
};

/** A table of members, each asked the same questions. */
const compareAnswers = async (
  questions: readonly Asked[],
  members: Readonly<Record<string, Step<Question, Answer>>>,
): Promise<void> => {
  const rows: Record<string, Record<string, string>> = {};
  for (const [name, ask] of Object.entries(members)) rows[name] = await measure(questions, ask);
  console.table(rows);
};

const compare = async (name: string): Promise<void> => {
  const { documents: plain, judgements } = await readCollection(folder, name);
  const documents = plain.map((document) => ({ ...document, metadata: { title: document.title ?? document.id } }));
  const titles = new Map(documents.map(({ id, title = id }) => [id, title]));
  const lines = (await readFile(join(folder, name, 'queries.jsonl'), 'utf8')).trim().split('\n');
  const questions = lines.flatMap((line): Asked[] => {
    const { id, text, answers } = JSON.parse(line) as { id: string; text: string; answers?: { text: string }[] };
    const [paragraph = ''] = judgements.get(id)?.keys() ?? [];
    const title = titles.get(paragraph);
    return answers === undefined || title === undefined
      ? []
      : [{ text, answers: answers.map((one) => one.text), title, paragraph }];
  });
  if (questions.length === 0) return;
  await using index = await bm25();
  await index.add(documents);
  await using vectors = await hnsw({ embedder: localEmbedder() });
  await vectors.add(documents);
  const keyword = index.retriever();
  const both = hybrid([keyword, vectors.retriever()], { fusion: 'relative-score', weights: [1, 0.3] });
  const model = extractive();
  const plainAnswer = answer(keyword, model);
  const asked = questions.filter((_, at) => at % every === 0);
  console.log(`\n${name}: ${documents.length} paragraphs, ${asked.length} questions, extractive(), keyword search`);
  await compareGrades(asked, keyword);
  await compareAnswers(asked, {
    answer: plainAnswer,
    'answer, hybrid search': answer(both, model),
    'answer, 600 tokens of sources': answer(keyword, model, { maxSourceTokens: 600 }),
    'answer, map-reduce': answer(keyword, model, { combine: 'map-reduce', maxSourceTokens: 600 }),
    'answer, refine': answer(keyword, model, { combine: 'refine', maxSourceTokens: 600 }),
    reflective: reflective(plainAnswer),
    corrective: corrective(keyword, model),
    'corrective, fallback to vectors': corrective(keyword, model, { fallback: vectors.retriever() }),
    'reflective over corrective': reflective(corrective(keyword, model)),
    'multi-hop': multiHopAnswer(plainAnswer),
    conversational: conversational(plainAnswer),
    'adaptive over three': adaptive({
      answer: plainAnswer,
      reflective: reflective(plainAnswer),
      corrective: corrective(keyword, model),
    }),
  });
};

const names = await collectionsIn(folder);
if (names.length === 0) console.warn(`No collections in ${folder}. Set PIPEWRIGHT_RETRIEVAL.`);
for (const name of names) await compare(name);

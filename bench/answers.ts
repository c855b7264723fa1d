/**
 * Answer quality of the embedded question answering: `npx tsx bench/answers.ts`. `PIPEWRIGHT_RETRIEVAL` names a folder of
 * collections; those whose questions come with answers are measured. The weights of the extractive model were fitted on the
 * questions of the `tuned` half, so the figures to quote are those of the `held out` half.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Document, defineStep, type Hit, type Query, type Retriever, type Step } from '../src/core/index.js';
import { bm25 } from '../src/keyword/index.js';
import { localEmbedder } from '../src/model/index.js';
import { extractive, type ExtractiveOptions } from '../src/provider/extractive/index.js';
import { type Answer, answer, type Question } from '../src/rag/index.js';
import { hybrid } from '../src/retrieve/index.js';
import { hnsw } from '../src/vector/index.js';
import { collectionsIn, readCollection } from './lib/collection.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const data = process.env.PIPEWRIGHT_DATA ?? `${root}../shared/data`;
const folder = process.env.PIPEWRIGHT_RETRIEVAL ?? `${data}/retrieval`;

interface Asked {
  readonly text: string;
  readonly answers: readonly string[];
  readonly paragraph: Document;
  readonly isTuned: boolean;
}

/** The questions of a collection that come with answers and a paragraph. */
const questionsOf = async (name: string, documents: readonly Document[]): Promise<readonly Asked[]> => {
  const byId = new Map(documents.map((document) => [document.id, document]));
  const { judgements } = await readCollection(folder, name);
  const lines = (await readFile(join(folder, name, 'queries.jsonl'), 'utf8')).trim().split('\n');
  return lines.flatMap((line): Asked[] => {
    const { id, text, answers } = JSON.parse(line) as { id: string; text: string; answers?: { text: string }[] };
    const [paragraphId = ''] = judgements.get(id)?.keys() ?? [];
    const paragraph = byId.get(paragraphId);
    if (answers === undefined || paragraph === undefined) return [];
    const isTuned = (createHash('sha256').update(id).digest()[0] ?? 0) % 2 === 0;
    return [{ text, answers: answers.map((one) => one.text), paragraph, isTuned }];
  });
};

const fixed = (documents: readonly Document[]): Retriever =>
  defineStep(
    { kind: 'fixed' },
    async (_: Query): Promise<readonly Hit[]> => documents.map((document) => ({ ...document, score: 1 })),
  );

const holdsAnswer = ({ answers }: Asked, text: string | undefined): boolean =>
  text !== undefined && answers.some((one) => text.includes(one));

/** Share of the questions for which the test holds, for both halves: `held out (tuned)`. */
const share = async (
  questions: readonly Asked[],
  test: (asked: Asked, at: number) => Promise<boolean>,
): Promise<string> => {
  const right = { tuned: 0, heldOut: 0 };
  const all = { tuned: 0, heldOut: 0 };
  for (const [at, asked] of questions.entries()) {
    const half = asked.isTuned ? 'tuned' : 'heldOut';
    all[half]++;
    if (await test(asked, at)) right[half]++;
  }
  return `${(right.heldOut / all.heldOut).toFixed(3)} (${(right.tuned / all.tuned).toFixed(3)})`;
};

const firstQuote = ({ citations }: Answer): string | undefined => citations[0]?.evidence?.quote;

const asker = (retriever: Retriever, options?: ExtractiveOptions): Step<Question, Answer> =>
  answer(retriever, extractive(options));

const measure = async (name: string): Promise<void> => {
  const { documents: plain } = await readCollection(folder, name);
  const documents = plain.map((document) => ({ ...document, metadata: { title: document.title ?? document.id } }));
  const questions = await questionsOf(name, documents);
  if (questions.length === 0) return;
  await using index = await bm25();
  await index.add(documents);
  const keyword = index.retriever();
  await using vectors = await hnsw({ embedder: localEmbedder() });
  await vectors.add(documents);
  const both = hybrid([keyword, vectors.retriever()], { fusion: 'relative-score', weights: [1, 0.3] });
  const always: ExtractiveOptions = { minConfidence: 0 };
  const answers = (retriever: Retriever, options?: ExtractiveOptions): Promise<string> =>
    share(questions, async (asked) => holdsAnswer(asked, firstQuote(await asker(retriever, options)(asked.text))));
  const given = (options?: ExtractiveOptions): Promise<string> =>
    share(questions, async (asked) =>
      holdsAnswer(asked, firstQuote(await asker(fixed([asked.paragraph]), options)(asked.text))),
    );
  const topParagraph = (retriever: Retriever): Promise<string> =>
    share(questions, async (asked) => holdsAnswer(asked, (await retriever({ text: asked.text, k: 1 }))[0]?.text));
  const ask = asker(keyword);
  const abstains = async (question: Question, retriever?: Retriever): Promise<boolean> =>
    !(await (retriever === undefined ? ask : asker(retriever))(question)).isAnswered;
  const startedMs = performance.now();
  const rows = [
    ['first quote holds the answer, paragraph given', await given(always)],
    ['first quote holds the answer, keyword search', await answers(keyword, always)],
    ['first quote holds the answer, hybrid search', await answers(both, always)],
    ['the same with abstention, keyword search', await answers(keyword)],
    ['the same with abstention, hybrid search', await answers(both)],
    ['top paragraph holds the answer, keyword search', await topParagraph(keyword)],
    ['top paragraph holds the answer, hybrid search', await topParagraph(both)],
    ['abstains, the answer is there', await share(questions, ({ text }) => abstains(text, both))],
    [
      'abstains, best paragraphs of all other articles',
      await share(questions, ({ text, paragraph }) =>
        abstains({ question: text, filter: { title: { $ne: paragraph.metadata?.title as string } } }),
      ),
    ],
    [
      'abstains, any paragraphs of other articles',
      await share(questions, ({ text, paragraph }, at) => {
        const others = documents.filter(({ title }) => title !== paragraph.title);
        const some = [0, 1, 2, 3, 4].flatMap((step) => others[(at * 7_919 + step * 37) % others.length] ?? []);
        return abstains(text, fixed(some));
      }),
    ],
  ];
  console.log(`\n${name}: ${documents.length} paragraphs, ${questions.length} questions; held out (tuned)`);
  console.table(Object.fromEntries(rows.map(([label = '', figures]) => [label, figures])));
  console.log(`${((performance.now() - startedMs) / 1_000).toFixed(0)} s`);
};

const names = await collectionsIn(folder);
if (names.length === 0) console.warn(`No collections in ${folder}. Set PIPEWRIGHT_RETRIEVAL.`);
for (const name of names) await measure(name);

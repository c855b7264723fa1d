/**
 * How well citation checks tell true from false: `npx tsx bench/citations.ts`. True are the sentences of answers that people wrote
 * from given passages (MTRAG); false are the same sentences against the passages of other conversations, and, harder, sentences
 * of a Wikipedia article against another paragraph of the same article (XQuAD). `PIPEWRIGHT_DATA` names the folder of test data.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Hit } from '../src/core/index.js';
import { checkCitations } from '../src/rag/index.js';
import { sentenceSpans } from '../src/text/index.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const data = process.env.PIPEWRIGHT_DATA ?? `${root}../shared/data`;

interface Conversation {
  readonly answerability: readonly string[];
  readonly reference: string;
  readonly contexts: readonly { readonly title?: string; readonly text: string }[];
}

const linesOf = <T>(path: string): readonly T[] =>
  existsSync(path)
    ? readFileSync(path, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as T)
    : [];

const hitsOf = (texts: Conversation['contexts']): readonly Hit[] =>
  texts.map(({ title, text }, i) => ({ id: String(i), text, score: 1, ...(title === undefined ? {} : { title }) }));

/** The sentences of a text that say something: five words or more. */
const sentencesOf = (text: string): readonly string[] =>
  sentenceSpans(text)
    .map(({ start, end }) => text.slice(start, end))
    .filter((sentence) => sentence.split(/\s+/u).length >= 5);

/** How many of the sentences some of the sources supports; each sentence cites them all. */
const supported = async (sentences: readonly string[], sources: readonly Hit[]): Promise<number> => {
  const text = sentences.map((sentence) => `${sentence} [1]`).join('\n\n');
  const { citations } = await checkCitations({ text, citations: [] }, sources);
  return citations.filter(({ verdict }) => verdict !== 'absent').length;
};

const report = (what: string, found: number, all: number): void => {
  console.log(`${what}: ${found} of ${all} supported (${((100 * found) / all).toFixed(1)} %)`);
};

const measureAnswers = async (): Promise<void> => {
  const all = linesOf<Conversation>(join(data, 'conversations/mtrag-un-24.jsonl'));
  const answerable = all.filter(
    ({ answerability, contexts }) => String(answerability) === 'ANSWERABLE' && contexts.length > 0,
  );
  const counts = { own: 0, others: 0, sentences: 0, pairs: 0 };
  for (const { reference, contexts } of answerable) {
    const sentences = sentencesOf(reference);
    counts.sentences += sentences.length;
    counts.own += await supported(sentences, hitsOf(contexts));
    for (const other of answerable.filter((one) => one.contexts !== contexts)) {
      counts.pairs += sentences.length;
      counts.others += await supported(sentences, hitsOf(other.contexts));
    }
  }
  if (counts.sentences === 0) return console.warn(`No conversations in ${data}. Set PIPEWRIGHT_DATA.`);
  report('sentences of written answers, against their own passages', counts.own, counts.sentences);
  report('the same, against the passages of other conversations', counts.others, counts.pairs);
};

const measureNeighbours = async (): Promise<void> => {
  const paragraphs = linesOf<Hit>(join(data, 'retrieval/xquad-en/corpus.jsonl'));
  let found = 0;
  let pairs = 0;
  for (const { id, title, text } of paragraphs) {
    const sentences = sentencesOf(text).slice(0, 4);
    for (const other of paragraphs.filter((one) => one.title === title && one.id !== id)) {
      pairs += sentences.length;
      found += await supported(sentences, [other]);
    }
  }
  if (pairs > 0) report('sentences of an article, against another paragraph of it', found, pairs);
};

/** Claims made of a sentence of one paragraph and one of another, which cite both. */
const measureJoined = async (): Promise<void> => {
  const paragraphs = linesOf<Hit>(join(data, 'retrieval/xquad-en/corpus.jsonl')).map((hit) => ({ ...hit, score: 1 }));
  const verdicts = new Map<string, number>();
  for (const [i, first] of paragraphs.entries()) {
    const second = paragraphs[(i + 37) % paragraphs.length] as Hit;
    const [a, b] = [first, second].map(({ text }) => sentencesOf(text)[0]?.replace(/[.\s]+$/u, ''));
    if (a === undefined || b === undefined) continue;
    const { citations } = await checkCitations({ text: `${a}, and ${b} [1][2].`, citations: [] }, [first, second]);
    for (const { verdict } of citations) verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
  }
  if (verdicts.size > 0) console.log('two sentences joined to a claim that cites both:', Object.fromEntries(verdicts));
};

await measureAnswers();
await measureNeighbours();
await measureJoined();

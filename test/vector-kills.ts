import { fileURLToPath } from 'node:url';
import { type Document, type Random, seededRandom } from 'pipewright';
import { type HnswStore, hnsw } from 'pipewright/vector';
import { killedChild } from './killed-child.js';

const child = fileURLToPath(new URL('children/write-vectors-until-killed.mjs', import.meta.url));
const kept = 10;

/** Starts the child and kills it `afterMs` after it has opened; resolves to the last round that it acknowledged. */
const writeAndKill = async (path: string, from: number, afterMs: number): Promise<number | undefined> => {
  const last = (await killedChild([child, path, String(from)], { afterMs })).at(-1);
  return last === undefined || last === 'open' ? undefined : Number(last);
};

const expectThat = (isTrue: boolean, what: string): void => {
  if (!isTrue) throw new Error(what);
};

const documentsOf = async (vectors: HnswStore): Promise<readonly Document[]> => {
  const documents: Document[] = [];
  for await (const document of vectors.entries()) documents.push(document);
  expectThat((await vectors.stats()).count === documents.length, 'The count differs from the entries.');
  return documents;
};

interface Answer {
  readonly text: string;
  readonly score: number;
}

const answersOf = async (vectors: HnswStore): Promise<readonly Answer[]> => {
  const answers: Answer[] = [];
  for (let n = 0; n < 20; n++) {
    const query = Array.from({ length: 8 }, (_, i) => Math.cos(n * 3 + i));
    // Without ids: the entries of a round have the same vector, and which of them come first is nobody's promise.
    for (const { text, score } of await vectors.search(query)) answers.push({ text, score });
  }
  return answers;
};

/** Kernel and JavaScript round differently, in the seventh digit. */
const areEqual = (found: readonly Answer[], exact: readonly Answer[]): boolean =>
  found.length === exact.length &&
  found.every(({ text, score }, i) => text === exact[i]?.text && Math.abs(score - exact[i].score) < 1e-5);

const graph = { minCount: 50, buildThreads: 0 };

/** Round `n`: its 19 entries are there, the deleted one is not; rounds that were taken out whole left nothing. */
const checkRounds = (documents: readonly Document[], last: number): void => {
  const counts = new Map<number, number>();
  const ids = new Set<string>();
  for (const { id, text } of documents) {
    expectThat(!ids.has(id), `${id} is there twice.`);
    ids.add(id);
    if (id === 'latest') expectThat(Number(text) >= last, `The latest is ${text} after round ${last}.`);
    else counts.set(Number(text), (counts.get(Number(text)) ?? 0) + 1);
  }
  for (let n = Math.max(0, last - kept + 1); n <= last; n++) {
    // The round under way may have taken out the oldest already.
    const isLeaving = n === last - kept + 1 && !ids.has(`a${n}-1`);
    expectThat(counts.get(n) === 19 || isLeaving, `Round ${n} has ${counts.get(n)} entries after round ${last}.`);
    expectThat(!ids.has(`a${n}-0`), `a${n}-0 was deleted and is there.`);
  }
  for (const [n, count] of counts) {
    expectThat(n > last - kept, `Round ${n} was taken out and has ${count} entries after round ${last}.`);
    if (n > last) expectThat(count === 19 || count === 20, `Round ${n} is there in part: ${count}.`);
  }
};

/** Does what the killed process had still to do in the round that it had begun. */
const finishRound = async (vectors: HnswStore, n: number): Promise<void> => {
  if (n < 0) return;
  await vectors.upsert([{ id: 'latest', text: String(n), vector: new Array<number>(8).fill(n + 1) }]);
  await vectors.delete([`a${n}-0`, ...Array.from({ length: 20 }, (_, i) => `a${n - kept}-${i}`)]);
};

export interface KillOptions {
  readonly kills: number;
  readonly seed: number;
}

/** Kills a process that writes, again and again at a random moment; throws when a collection is not as it must be then. */
export const killWriters = async (path: string, { kills, seed }: KillOptions): Promise<number> => {
  const random: Random = seededRandom(seed);
  let last = -1;
  let under = 0;
  for (let kill = 0; kill < kills; kill++) {
    const acknowledged = await writeAndKill(path, last + 1, Math.floor(random() * 60));
    last = acknowledged ?? last;
    const exact = await hnsw({ path, engine: 'exact' });
    const expected = await answersOf(exact);
    await exact.close();
    await using vectors = await hnsw({ path, graph });
    const documents = await documentsOf(vectors);
    checkRounds(documents, last);
    expectThat(areEqual(await answersOf(vectors), expected), `Kill ${kill}: the answers in ${path} are not exact.`);
    if (documents.some(({ text }) => Number(text) > last)) under++;
    // What was under way and is there whole counts as written.
    last = Math.max(last, ...documents.map(({ text }) => Number(text)));
    await finishRound(vectors, last);
  }
  return under;
};

/**
 * The keyword index beside its peers on short texts, each in a process of its own: `npm run bench -- keywords [count]`.
 * `PIPEWRIGHT_RETRIEVAL` names a folder of collections to take words and questions from.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { analyzer, bm25 } from '../src/keyword/index.js';
import type { KeywordContender } from './lib/keyword-contender.js';
import { exactRanking, keywordCorpus } from './lib/keyword-corpus.js';

const own = (isStemmed: boolean) => async (): Promise<KeywordContender> => {
  const index = await bm25({ analyzer: analyzer({ isStemmed }) });
  return {
    add: (texts) => index.add(texts.map((text, at) => ({ id: String(at), text }))),
    search: async (query, k) => (await index.search(query, { k })).map(({ id }) => Number(id)),
  };
};

const ownContenders: Readonly<Record<string, () => Promise<KeywordContender>>> = {
  'pipewright bm25, words as they are': own(false),
  'pipewright bm25, English stems': own(true),
};

interface Measured {
  readonly docsPerSecond: number;
  readonly queriesPerSecond: number;
  readonly bytesPerDoc: number;
  /** What it found for the first queries. */
  readonly found: readonly (readonly number[])[];
}

const root = fileURLToPath(new URL('..', import.meta.url));
const folder =
  process.env.PIPEWRIGHT_RETRIEVAL ?? `${process.env.PIPEWRIGHT_DATA ?? `${root}../shared/data`}/retrieval`;
const k = 10;
const comparedQueries = 60;
const measuredMs = 1500;
/** Slow ones are asked fewer of the queries. */
const maxComparingMs = 10_000;

const usedBytes = async (): Promise<number> => {
  // Buffers are freed a moment after what held them.
  for (let round = 0; round < 6; round++) {
    globalThis.gc?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

const queriesPerSecond = async (
  { search }: KeywordContender,
  queries: readonly string[],
  forMs: number,
): Promise<number> => {
  const start = performance.now();
  let count = 0;
  while (performance.now() - start < forMs) {
    await search(queries[count % queries.length] ?? '', k);
    count++;
  }
  return (count / (performance.now() - start)) * 1000;
};

const measure = async (make: () => Promise<KeywordContender>, count: number): Promise<Measured> => {
  const { texts, queries } = await keywordCorpus(folder, count);
  const before = await usedBytes();
  const contender = await make();
  const start = performance.now();
  await contender.add(texts);
  const buildMs = performance.now() - start;
  const bytes = (await usedBytes()) - before;
  await queriesPerSecond(contender, queries, measuredMs / 4);
  const perSecond = await queriesPerSecond(contender, queries, measuredMs);
  const found: (readonly number[])[] = [];
  const comparing = performance.now();
  for (const query of queries.slice(0, comparedQueries)) {
    if (performance.now() - comparing > maxComparingMs) break;
    found.push(await contender.search(query, k));
  }
  return {
    docsPerSecond: (count / buildMs) * 1000,
    queriesPerSecond: perSecond,
    bytesPerDoc: bytes / count,
    found,
  };
};

const contenders = async (): Promise<typeof ownContenders> => {
  const { peers } = (await import(new URL('./peers/keywords.ts', import.meta.url).href)) as {
    readonly peers: typeof ownContenders;
  };
  return { ...ownContenders, ...peers };
};

const [first = '50000', name] = process.argv.slice(2);
const count = Number(first);
const make = name === undefined ? undefined : (await contenders())[name];
if (make !== undefined) {
  console.log(JSON.stringify(await measure(make, count)));
} else {
  const { source, texts, queries } = await keywordCorpus(folder, count);
  console.log(`${texts.length} texts and ${queries.length} questions from ${source}; Node ${process.version}`);
  const exact = exactRanking(texts, queries.slice(0, comparedQueries), k);
  const overlapOf = ({ found }: Measured): number =>
    found.flatMap((some, at) => exact[at]?.filter((one) => some.includes(one)) ?? []).length /
    exact.slice(0, found.length).flat().length;
  const rows: Record<string, string | number>[] = [];
  for (const contender of Object.keys(await contenders())) {
    const script = fileURLToPath(import.meta.url);
    const args = ['--expose-gc', '--max-old-space-size=6000', '--import', 'tsx', script, String(count), contender];
    const output = execFileSync(process.execPath, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
    const measured = JSON.parse(output.trim().split('\n').at(-1) ?? '') as Measured;
    rows.push({
      contender,
      'docs/s': Math.round(measured.docsPerSecond),
      'queries/s': Math.round(measured.queriesPerSecond),
      'bytes/doc': Math.round(measured.bytesPerDoc),
      'top-10 overlap': overlapOf(measured).toFixed(2),
    });
    console.log(JSON.stringify(rows.at(-1)));
  }
  console.table(rows);
}

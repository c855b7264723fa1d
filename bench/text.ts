/** Timings of the splitters on 5 MB of text: `npx tsx bench/text.ts`. */
import { readFileSync } from 'node:fs';
import {
  characterSplitter,
  codeSplitter,
  markdownSplitter,
  recursiveSplitter,
  sentenceSplitter,
  type Splitter,
  tokenSplitter,
} from '../src/document/index.js';

const sizeChars = 5_000_000;
const rounds = 7;

const repeated = (text: string): string => text.repeat(Math.ceil(sizeChars / text.length)).slice(0, sizeChars);

const data = process.env.PIPEWRIGHT_DATA ?? '../shared/data';

/** Real English passages where the data is there, else a made-up text of the same form. */
const prose = (): string => {
  try {
    const lines = readFileSync(`${data}/retrieval/xquad-en/corpus.jsonl`, 'utf8').trim().split('\n');
    return lines.map((line) => (JSON.parse(line) as { text: string }).text).join('\n\n');
  } catch {
    console.log(`(no ${data}/retrieval: made-up text)`);
    return 'The tide comes in twice a day. It fills the harbour, and ships that waited outside are brought in.\n\n'.repeat(
      40,
    );
  }
};

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;

const measure = async (name: string, splitter: Splitter, text: string): Promise<void> => {
  const times: number[] = [];
  let pieces = 0;
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    pieces = (await splitter({ id: 'bench', text })).length;
    times.push(performance.now() - start);
  }
  console.log(`${name.padEnd(44)} ${median(times).toFixed(1).padStart(8)} ms   ${pieces} pieces`);
};

const main = async (): Promise<void> => {
  const text = repeated(prose());
  const markdown = repeated(readFileSync('test/fixtures/documents/README.md', 'utf8'));
  const code = repeated(readFileSync('test/fixtures/documents/make.mjs', 'utf8'));
  const { get_encoding } = await import('tiktoken');
  const encoding = get_encoding('o200k_base');
  const countTokens = (part: string): number => encoding.encode_ordinary(part).length;
  console.log(`${sizeChars / 1e6} MB, median of ${rounds} rounds, Node ${process.version}\n`);
  await measure('recursive 1000/200 characters', recursiveSplitter(), text);
  await measure('character 1000/200 characters', characterSplitter(), text);
  await measure('sentence 1000/200 characters', sentenceSplitter(), text);
  await measure('markdown 1000 characters', markdownSplitter(), markdown);
  await measure('code 1500 characters', codeSplitter({ language: 'javascript' }), code);
  await measure(
    'token 256/32, counting one per 4 characters',
    tokenSplitter({ countTokens: (part) => Math.ceil(part.length / 4) }),
    text,
  );
  await measure('token 256/32, tiktoken o200k', tokenSplitter({ countTokens }), text);
  const start = performance.now();
  countTokens(text);
  console.log(
    `${'bare tiktoken o200k over the whole text'.padEnd(44)} ${(performance.now() - start).toFixed(1).padStart(8)} ms`,
  );
  const pieces = await tokenSplitter({ countTokens })({ id: 'bench', text: text.slice(0, 1_000_000) });
  console.log(`largest piece: ${Math.max(...pieces.map((piece) => countTokens(piece.text)))} of 256 tokens`);
  encoding.free();
};

void main();

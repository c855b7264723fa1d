/**
 * Splitting, counting and truncating 5 MB of text beside LangChain, LlamaIndex and bare tiktoken: `npx tsx bench/text.ts`. The
 * peers are installed in this folder only; one that is not there is left out.
 */
import { readFileSync } from 'node:fs';
import {
  characterSplitter,
  codeSplitter,
  markdownSplitter,
  recursiveSplitter,
  semanticSplitter,
  sentenceSplitter,
  type Splitter,
  tokenSplitter,
} from '../src/document/index.js';
import { localEmbedder, tokenCounter, truncate } from '../src/model/index.js';
import { median } from './lib/report.js';

const sizeChars = 5_000_000;
const rounds = Number(process.env.PIPEWRIGHT_ROUNDS ?? 7);
/** LlamaIndex takes so long that it gets a part of the text, and the time is told for all of it. */
const slowPart = 50;

const repeated = (text: string): string => text.repeat(Math.ceil(sizeChars / text.length)).slice(0, sizeChars);
const data = process.env.PIPEWRIGHT_DATA ?? '../shared/data';

/** Real English passages where the data is there, else a made-up text of the same form. */
const prose = (): string => {
  try {
    const lines = readFileSync(`${data}/retrieval/xquad-en/corpus.jsonl`, 'utf8').trim().split('\n');
    return lines.map((line) => (JSON.parse(line) as { text: string }).text).join('\n\n');
  } catch {
    console.log(`(no ${data}/retrieval: made-up text)`);
    return 'The tide comes in twice a day. It fills the harbour, and ships that waited outside come in.\n\n'.repeat(40);
  }
};

interface Row {
  readonly job: string;
  readonly contender: string;
  /** Of the processor, so that other work on the machine does not count. */
  readonly cpuMs: number;
  readonly gives: string;
}
const rows: Row[] = [];

const measure = async (
  [job, contender]: readonly [string, string],
  work: () => Promise<string> | string,
  { times = rounds, factor = 1 } = {},
): Promise<void> => {
  const ms: number[] = [];
  let gives = '';
  for (let round = 0; round < times; round++) {
    const before = process.cpuUsage();
    gives = await work();
    const { user, system } = process.cpuUsage(before);
    ms.push(((user + system) / 1_000) * factor);
  }
  rows.push({ job, contender, cpuMs: median(ms), gives });
};

const piecesOf = (texts: readonly { readonly length: number }[]): string => {
  const chars = texts.reduce((sum, { length }) => sum + length, 0);
  return `${texts.length} pieces of ${Math.round(chars / texts.length)} characters`;
};

const split = async (splitter: Splitter, text: string): Promise<string> =>
  piecesOf((await splitter({ id: 'bench', text })).map((piece) => piece.text));

/** Splits once and looks at every offset; no peer gives any. */
const checkOffsets = async (splitter: Splitter): Promise<void> => {
  const pieces = await splitter({ id: 'bench', text });
  const wrong = pieces.findIndex(({ text: piece, place }) => text.slice(place?.start, place?.end) !== piece);
  if (wrong >= 0) throw new Error(`The offsets of piece ${wrong} are wrong.`);
};

/** A peer that may not be installed. */
const peer = async <T>(name: string, load: () => Promise<T>, use: (module: T) => Promise<void>): Promise<void> => {
  let module: T;
  try {
    module = await load();
  } catch {
    return console.log(`(${name} is not installed: left out)`);
  }
  await use(module);
};

const text = repeated(prose());
const { get_encoding } = await import('tiktoken');
const encoding = get_encoding('o200k_base');
const countTokens = (part: string): number => encoding.encode_ordinary(part).length;

const characters = 'split 1000/200 characters';
const tokens = 'split 256/32 tokens';

/** By a name that the compiler does not follow: peers are installed in this folder only when something is measured. */
const load = async <Module>(name: string): Promise<Module> => (await import(name)) as Module;
interface LangChainSplitters {
  readonly RecursiveCharacterTextSplitter: new (
    options: object,
  ) => {
    readonly splitText: (text: string) => Promise<string[]>;
  };
}
interface LlamaIndexSplitters {
  readonly SentenceSplitter: new (options: object) => { readonly splitText: (text: string) => string[] };
}

const splitters = async (): Promise<void> => {
  await checkOffsets(recursiveSplitter());
  await measure([characters, 'pipewright recursive'], () => split(recursiveSplitter(), text));
  await measure([tokens, 'pipewright token'], () => split(tokenSplitter({ countTokens }), text), { times: 3 });
  await peer(
    'LangChain',
    () => load<LangChainSplitters>('@langchain/textsplitters'),
    async ({ RecursiveCharacterTextSplitter }) => {
      const plain = new RecursiveCharacterTextSplitter({ chunkSize: 1_000, chunkOverlap: 200 });
      await measure([characters, 'LangChain recursive'], async () => piecesOf(await plain.splitText(text)));
      const sized = new RecursiveCharacterTextSplitter({
        chunkSize: 256,
        chunkOverlap: 32,
        lengthFunction: countTokens,
      });
      await measure([tokens, 'LangChain recursive'], async () => piecesOf(await sized.splitText(text)), { times: 1 });
    },
  );
  await peer(
    'LlamaIndex',
    () => load<LlamaIndexSplitters>('@llamaindex/core/node-parser'),
    async ({ SentenceSplitter }) => {
      const part = text.slice(0, sizeChars / slowPart);
      const options = { times: 1, factor: slowPart };
      const label = `LlamaIndex sentence (1/${slowPart} of the text)`;
      const plain = new SentenceSplitter({ chunkSize: 256, chunkOverlap: 32 });
      await measure([tokens, label], () => piecesOf(plain.splitText(part)), options);
      const byLength = new SentenceSplitter({
        chunkSize: 1_000,
        chunkOverlap: 200,
        tokenizer: { encode: (one: string) => new Uint32Array(one.length), decode: () => '' },
      });
      await measure([characters, label], () => piecesOf(byLength.splitText(part)), options);
    },
  );
  const markdown = repeated(readFileSync('test/fixtures/documents/README.md', 'utf8'));
  const code = repeated(readFileSync('test/fixtures/documents/make.mjs', 'utf8'));
  const others: Readonly<Record<string, readonly [Splitter, string]>> = {
    character: [characterSplitter(), text],
    sentence: [sentenceSplitter(), text],
    markdown: [markdownSplitter(), markdown],
    code: [codeSplitter({ language: 'javascript' }), code],
    'semantic, local embedder, 1/20 of the text': [semanticSplitter(localEmbedder()), text.slice(0, sizeChars / 20)],
  };
  for (const [name, [splitter, own]] of Object.entries(others)) {
    await measure(['the other splitters', `pipewright ${name}`], () => split(splitter, own), { times: 3 });
  }
};

const counting = async (): Promise<void> => {
  const job = 'count o200k tokens';
  const counter = tokenCounter('gpt-5');
  await counter.count('tables are loaded');
  const passages = text.split('\n\n');
  await measure([job, 'bare tiktoken'], () => String(countTokens(text)), { times: 3 });
  await measure([job, 'pipewright, one text'], async () => String((await counter.count(text)).tokens), { times: 3 });
  await measure(
    [job, 'bare tiktoken, passage by passage'],
    () => String(passages.reduce((sum, one) => sum + countTokens(one), 0)),
    { times: 3 },
  );
  await measure(
    [job, 'pipewright, passage by passage (repeats)'],
    async () => {
      let sum = 0;
      for (const passage of passages) sum += (await counter.count(passage)).tokens;
      return String(sum);
    },
    { times: 3 },
  );
  for (const length of [20_000, 40_000]) {
    const run = 'x'.repeat(length);
    const label = `${length / 1_000}k letters without a break`;
    await measure([label, 'bare tiktoken'], () => String(countTokens(run)), { times: 1 });
    await measure([label, 'pipewright'], async () => String((await counter.count(run)).tokens), { times: 3 });
  }
  const cut = 'truncate to 8,000 tokens';
  const decoder = new TextDecoder();
  await measure(
    [cut, 'tiktoken: encode, slice, decode'],
    () => {
      const kept = decoder.decode(encoding.decode(encoding.encode_ordinary(text).slice(0, 8_000)));
      return `${kept.length} characters`;
    },
    { times: 3 },
  );
  await measure([cut, 'pipewright'], async () => {
    const kept = await truncate(text, { maxTokens: 8_000, model: 'gpt-5' });
    return `${kept.text.length} characters`;
  });
};

console.log(`${sizeChars / 1e6} MB, median of up to ${rounds} rounds, Node ${process.version}`);
await splitters();
await counting();
const firstOf = (job: string): number => rows.find((row) => row.job === job)?.cpuMs ?? Number.NaN;
console.table(
  rows.map(({ job, contender, cpuMs, gives }) => ({
    job,
    contender,
    'CPU ms': cpuMs.toFixed(1),
    '× the first': (cpuMs / firstOf(job)).toFixed(2),
    gives,
  })),
);
encoding.free();

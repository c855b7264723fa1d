import { type Message, system } from 'pipewright';
import { median } from './report.js';

/** The built package, as users get it. */
const built = new URL('../../dist/', import.meta.url).href;
const { extractiveCompressor, layeredContext, pack }: typeof import('pipewright/context') = await import(
  `${built}context.js`
);
const { fitMessages, tokenCounter }: typeof import('pipewright/model') = await import(`${built}model.js`);

const peers = '../peers/trim-messages.js';
const { trimWith }: { readonly trimWith: (messages: readonly Message[]) => TrimWith } = await import(peers);
type TrimWith = (
  maxTokens: number,
  count: (messages: readonly string[]) => number | Promise<number>,
) => Promise<number>;

const maxTokens = 4_000;
const model = 'gpt-5';
const counter = tokenCounter(model);

const sentence = (seed: number): string =>
  `Message ${seed} says that order ${seed * 37} was sent on day ${seed % 365} to store ${seed % 91}.`;
const conversation = (count: number): readonly Message[] => [
  system('You answer questions about orders.'),
  ...Array.from(
    { length: count },
    (_, at): Message => ({
      role: at % 2 === 0 ? 'user' : 'assistant',
      content: Array.from({ length: 1 + (at % 5) }, (_one, line) => sentence(at * 5 + line)).join(' '),
    }),
  ),
];

/** Messages as the cookbook counts them: the texts, and four tokens around each. */
const remembered = async (texts: readonly string[]): Promise<number> => {
  let tokens = 3;
  for (const text of texts) tokens += 4 + (await counter.count(text)).tokens;
  return tokens;
};

/** Milliseconds a call over at least `budgetMs`. */
const time = async (work: () => Promise<unknown>, budgetMs = 0): Promise<number> => {
  const start = performance.now();
  let calls = 0;
  do {
    await work();
    calls++;
  } while (performance.now() - start < budgetMs);
  return (performance.now() - start) / calls;
};

const blocks = Array.from({ length: 1_000 }, (_, at) => ({
  id: String(at),
  text: Array.from({ length: 8 }, (_one, line) => sentence(at * 8 + line)).join(' '),
  relevance: (at * 7_919) % 1_000,
}));
const article = blocks.map(({ text }) => text).join('\n\n');
const context = layeredContext({ maxTokens, model, reserveTokens: 1_000 });
const contents = {
  system: 'You answer.',
  history: conversation(1_000).slice(1),
  knowledge: blocks.slice(0, 50),
  query: 'Where is order 37?',
};
const compressor = extractiveCompressor();
const jobs: Readonly<Record<string, () => Promise<unknown>>> = {
  'pack 1,000 blocks': () => pack(blocks, { maxTokens, model }),
  'layered context of 1,000 messages and 50 passages': () => context(contents),
  [`compress ${article.length.toLocaleString('en')} characters`]: () =>
    compressor({ text: article, maxTokens, query: 'order 37' }),
};
/**
 * Prints what fitting messages and texts into a token budget takes, beside LangChain's `trimMessages`. Both are given the same counter,
 * which remembers the texts it has counted; what counts is the median ratio of the rounds.
 */
export const reportPacking = async (rounds: number): Promise<void> => {
  await counter.count('tables are loaded');
  for (const count of [100, 300, 1_000, 3_000]) {
    const messages = conversation(count);
    const trim = trimWith(messages);
    const ours = (): Promise<unknown> => fitMessages(messages, { maxTokens, model });
    const theirs = (): Promise<unknown> => trim(maxTokens, remembered);
    await time(ours, 150);
    await time(theirs, 150);
    const pairs: { readonly ms: number; readonly peerMs: number }[] = [];
    for (let round = 0; round < rounds; round++)
      pairs.push({ ms: await time(ours, 60), peerMs: await time(theirs, 60) });
    const kept = (await fitMessages(messages, { maxTokens, model })).messages.length;
    const [ms, peerMs] = [median(pairs.map((pair) => pair.ms)), median(pairs.map((pair) => pair.peerMs))];
    const ratio = median(pairs.map((pair) => pair.peerMs / pair.ms)).toFixed(1);
    const peerKept = await trim(maxTokens, remembered);
    console.log(
      `${String(count).padStart(6)} messages: pipewright ${ms.toFixed(3)} ms (keeps ${kept}), LangChain ${peerMs.toFixed(2)} ms (keeps ${peerKept}), ratio ${ratio}`,
    );
  }

  for (const [name, job] of Object.entries(jobs)) {
    await time(job, 100);
    const ms: number[] = [];
    for (let round = 0; round < rounds; round++) ms.push(await time(job, 30));
    console.log(`${name}: ${median(ms).toFixed(1)} ms`);
  }
};

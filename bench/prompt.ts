/**
 * Rendering of prompts and packing of messages beside LangChain's: `npm run bench -- prompt [rounds]`. Both are called in turns in one process,
 * on the built package; what counts is the ratio of a round, and the median of those.
 */
import { assistant, system, user } from 'pipewright';
import {
  large,
  type PromptContender,
  type PromptJob,
  promptJobs,
  question,
  rules,
  shots,
  shotTemplate,
  small,
  turnTexts,
  values,
} from './lib/prompt-contender.js';
import { reportPacking } from './lib/packing.js';
import { median } from './lib/report.js';

/** The built package, as users get it: the sources would run with what tsx adds to every function. */
const built = new URL('../dist/prompt.js', import.meta.url).href;
const { chatPrompt, examples, exampleText, history, prompt }: typeof import('pipewright/prompt') = await import(built);

const smallPrompt = prompt(small.template);
const largePrompt = prompt(large.template);
const twoMessages = chatPrompt([system(rules), user(question)]);
const withHistory = chatPrompt([system(rules), history('turns'), user(question)]);
const turns = turnTexts.map((text, index) => (index % 2 === 0 ? user(text) : assistant(text)));
const fewShotText = prompt(`{shots}\n\n${question}`);
const fewShotChat = chatPrompt([system(rules), examples('shots'), user(question)]);

/** As callers write them: an object made for each call. */
const { role, language, question: asked } = values;

const own: PromptContender = {
  name: 'pipewright',
  jobs: {
    'text, 2 values': () => smallPrompt.format(small.values),
    'text, 400 values in 14,000 characters': () => largePrompt.format(large.values),
    'chat, 22 messages': () => withHistory.format({ role, language, question: asked, turns }),
    'chat, 2 messages, as a step': () => twoMessages({ role, language, question: asked }),
    'few-shot text, 8 examples': () =>
      fewShotText.format({ question: asked, shots: exampleText(shots, { template: shotTemplate }) }),
    'few-shot chat, 8 examples': () => fewShotChat.format({ role, language, question: asked, shots }),
  },
};

/** Named at run time, because the peers may not be installed. */
const peers = './peers/prompts.js';
const { langchain }: { readonly langchain: PromptContender } = await import(peers);

/** Microseconds a call over at least `budgetMs`. What is no promise is not waited for. */
const time = async (render: () => unknown, budgetMs: number): Promise<number> => {
  const start = performance.now();
  let calls = 0;
  do {
    for (let index = 0; index < 20; index++) {
      const rendered = render();
      if (rendered instanceof Promise) await rendered;
    }
    calls += 20;
  } while (performance.now() - start < budgetMs);
  return ((performance.now() - start) * 1_000) / calls;
};

/** Guards against measuring something that did not do the job: both must hold the same values and examples. */
const check = async (job: PromptJob): Promise<void> => {
  const all = [await own.jobs[job](), await langchain.jobs[job]()].map((rendered) => JSON.stringify(rendered));
  const wanted = [
    ...(job.startsWith('few-shot') ? shots.map(({ input }) => input) : []),
    ...(job.startsWith('chat') ? ['You are a poet. Answer in German.', 'Question: Why?'] : []),
    ...(job === 'chat, 22 messages' ? turnTexts : []),
    ...(job === 'text, 2 values' ? ['Translate to German: Good morning, how are you?'] : []),
  ];
  for (const text of wanted) {
    if (!all.every((json) => json.includes(text))) throw new Error(`${job}: "${text}" is missing.`);
  }
};

const rounds = Number(process.argv[2] ?? 7);
console.log(`${''.padEnd(40)} ${own.name.padStart(12)} ${langchain.name.padStart(18)}  ratio`);
for (const job of promptJobs) {
  await check(job);
  await time(own.jobs[job], 150);
  await time(langchain.jobs[job], 150);
  const pairs: { readonly us: number; readonly peerUs: number }[] = [];
  for (let round = 0; round < rounds; round++) {
    pairs.push({ us: await time(own.jobs[job], 60), peerUs: await time(langchain.jobs[job], 60) });
  }
  const us = median(pairs.map((pair) => pair.us));
  const peerUs = median(pairs.map((pair) => pair.peerUs));
  const ratio = median(pairs.map((pair) => pair.peerUs / pair.us));
  console.log(
    `${job.padEnd(40)} ${`${us.toFixed(2)} µs`.padStart(12)} ${`${peerUs.toFixed(2)} µs`.padStart(18)}  ${ratio.toFixed(1)}`,
  );
}

console.log();
await reportPacking(Math.min(rounds, 3));

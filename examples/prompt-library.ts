// Prompts with versions, labels, files, statistics and an A/B test, without a key: npx tsx examples/prompt-library.ts
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipe, system, user } from 'pipewright';
import {
  abTest,
  describeExperiment,
  experiment,
  exportPrompts,
  importPrompts,
  promptLibrary,
  recommend,
  recorded,
} from 'pipewright/prompt-library';
import { memoryStore } from 'pipewright/store';
import { scripted } from 'pipewright/testing';

const store = memoryStore(); // diskStore('prompts') or a Postgres store keeps them
const library = promptLibrary({ store });

// Every change is a version; labels say which one is in use.
await library.save('refund', [system('Answer customers.'), user('{mail}')], {
  description: 'Replies to customers who want their money back',
  tags: ['support'],
  labels: ['production'],
});
await library.save('refund', [system('Answer customers kindly, in two sentences.'), user('{mail}')], {
  author: 'Ann',
  note: 'Shorter and kinder.',
});
console.log((await library.diff('refund', 1, 2)).unified);

// A prompt of the library is a step; what comes of it is recorded by itself.
const model = scripted([({ messages }) => (JSON.stringify(messages).includes('kindly') ? 'Sorry! Done.' : 'Done.')], {
  shouldRepeat: true,
});
const kindness = (text: string): number => (text.includes('Sorry') ? 1 : 0);
const answerWith = (version: number) =>
  recorded(pipe(library.prompt('refund', version), model), { library, quality: ({ output }) => kindness(output.text) });

// Half of the customers get the new version, each always the same.
const test = experiment('kinder refunds', {
  store,
  arms: { current: 1, kinder: 1 },
  outcome: 'binary',
  design: { type: 'sequential', effect: 0.2 },
});
const answer = abTest(
  test,
  { current: answerWith(1), kinder: answerWith(2) },
  { key: ({ mail }) => String(mail), outcome: ({ output }) => kindness(output.text) },
);
for (let customer = 1; customer <= 120; customer++) await answer({ mail: `I am customer ${customer}. Money back!` });
const report = await test.report();
console.log(describeExperiment(report));
if (report.winner === 'kinder') await library.change('refund', { labels: { production: 2 } });
console.log('in production:', (await library.get('refund', 'production')).version);
console.log('quality of version 2:', (await library.stats('refund', 2)).quality?.mean);

// Found by what somebody wants to do.
await library.save('translate', 'Translate into {language}: {text}');
const found = await recommend(library)('reply to somebody who wants a refund');
console.log(found.map(({ name, score }) => `${name} ${score.toFixed(2)}`).join(', '));

// To readable files and back.
const folder = await mkdtemp(join(tmpdir(), 'prompts-'));
await exportPrompts(library, folder);
console.log(await readFile(join(folder, 'translate.md'), 'utf8'));
const copy = promptLibrary({ store: memoryStore() });
console.log((await importPrompts(copy, folder)).map(({ name, versions }) => `${name}: ${versions.length}`).join(', '));

// Makes, uses and drops models and what stands around them, and tells how the heap has grown; run by test/requirements/bounds.test.ts.
import { createRun, stream } from '../../src/core/index.js';
import { cascade, modelRegistry, router } from '../../src/model/index.js';
import { scripted } from '../../src/testing/index.js';
import { decorators, lengthEmbedder } from '../requirements/decorators.js';
import { semanticCache } from '../../src/resilience/index.js';

const { signal } = new AbortController();
const decorate = Object.values(decorators);
const price = { input: 1, output: 1 };

const once = async (index: number): Promise<void> => {
  const question = `${'x'.repeat(500)} ${index}`;
  const small = scripted(['Hello there'], { id: `small-${index}`, price, shouldRepeat: true });
  const large = scripted(['Hello there'], { id: `large-${index}`, price, shouldRepeat: true });
  const run = createRun({ signal, budget: { maxTokens: 100_000 } });
  const step = async (text: string): Promise<string> => text;
  const wrap = decorate[index % decorate.length];
  const other = decorate[(index * 7 + 3) % decorate.length];
  if (wrap === undefined || other === undefined) throw new Error('No decorator.');
  await wrap(other(step))(question, run);
  if (index % 4 === 0) await router([small, large])(question, run);
  if (index % 4 === 1) await cascade([small, large])(question, run);
  if (index % 4 === 2) await modelRegistry([{ model: small }, { model: large }]).model({})(question, run);
  if (index % 4 === 3) await semanticCache(small, { embedder: lengthEmbedder })(question, run);
  for await (const event of stream(small, question, { signal })) if (event.type === 'text-delta') break;
};

const round = async (count: number): Promise<number> => {
  for (let index = 0; index < count; index += 1) await once(index);
  for (let turn = 0; turn < 3; turn += 1) {
    globalThis.gc?.();
    await new Promise(setImmediate);
  }
  return process.memoryUsage().heapUsed;
};

// Until the code is compiled and its caches are full.
await round(6_000);
const before = await round(1_000);
const after = await round(10_000);
process.stdout.write(JSON.stringify({ before, after }));

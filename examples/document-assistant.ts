/**
 * An assistant for a folder of documents: it searches them, reads files, reckons with tables and dates, and runs code of its own in a
 * sandbox; nothing outside the folder can be read. Without a key a script plays the model, and what the tools find is real. With
 * OPENAI_API_KEY a model asks for them. Run: npx tsx examples/document-assistant.ts [folder] [question]
 */
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { textOf, toJson } from 'pipewright';
import { agent } from 'pipewright/agent';
import { documentSplitter, loadFolder } from 'pipewright/document';
import { bm25 } from 'pipewright/keyword';
import type { ChatModel, ChatRequest } from 'pipewright/model';
import { openai } from 'pipewright/openai';
import { callsTool, scripted, type ScriptAction } from 'pipewright/testing';
import {
  calculator,
  codeTool,
  dateTool,
  extractTool,
  fileTools,
  searchTool,
  tableTools,
  textTools,
  toolbox,
} from 'pipewright/tool';

const fixtures = fileURLToPath(new URL('../test/fixtures/documents', import.meta.url));
const [folder = fixtures, ...words] = process.argv.slice(2);

// What can be read goes into an index; what cannot is said, and left out.
await using index = await bm25();
const split = documentSplitter({ maxChars: 800 });
/** As the tools for files name it: from the root of the folder. */
const named = (path: string): string => relative(folder, path);
for await (const result of loadFolder(folder)) {
  if (result.type === 'failed') console.log('left out  ', named(result.source), result.error.code);
  else {
    const documents = result.documents.map((each) => ({ ...each, id: named(each.id), source: named(result.source) }));
    await index.add(await split(documents));
  }
}

const files = await fileTools(folder);
const tools = [
  searchTool(index.retriever(), { k: 3, description: 'Searches the documents of the folder for passages.' }),
  ...files,
  ...(await tableTools({ folder })),
  // Code may read the files too, by the same tools.
  codeTool({ tools: toolbox(files) }),
  calculator(),
  dateTool(),
  extractTool(),
  ...textTools(),
];

const lastResult = ({ messages }: ChatRequest): string => {
  const { content = [] } = messages.at(-1) ?? {};
  const [part] = typeof content === 'string' ? [] : content;
  return part?.type === 'tool-result' ? JSON.stringify(toJson(part.output)) : '';
};

/** Plays a model that searches for what it is asked, and quotes the first passage. */
const searching = [
  ({ messages }: ChatRequest): readonly ScriptAction[] =>
    callsTool('search_documents', { query: messages.map(textOf).at(-1) ?? '' }),
  (request: ChatRequest): string => `The first passage says: ${lastResult(request).slice(0, 200)}`,
];

/** Plays a model that asks for a table which has a broken row, reads so, and reads the file with code of its own. */
const code = `const text = await tools.read_file({ path: 'ports.csv' });
const depths = [...text.matchAll(/^(\\w+);(\\d+);/gmu)].map(([, name, depth]) => ({ name, depth: Number(depth) }));
console.log(depths.length + ' ports');
const deepest = depths.reduce((best, next) => (next.depth > best.depth ? next : best));
return { deepest, mean: depths.reduce((sum, { depth }) => sum + depth, 0) / depths.length };`;
const reckoning = [
  callsTool('describe_table', { source: { path: 'ports.csv' } }),
  (request: ChatRequest): readonly ScriptAction[] => {
    console.log('refused   ', lastResult(request).slice(0, 120));
    return callsTool('run_javascript', { code });
  },
  (request: ChatRequest): string => `By the file: ${lastResult(request)}`,
];

const isOnline = (process.env.OPENAI_API_KEY ?? '') !== '';
const modelFor = (script: typeof searching | typeof reckoning): ChatModel =>
  isOnline ? openai('gpt-5-mini') : scripted(script);

const ask = async (question: string, script: typeof searching | typeof reckoning): Promise<void> => {
  const assistant = agent(modelFor(script), {
    tools,
    system:
      'You answer from the documents of a folder, with the tools. Say which file each fact is from, or that there is none.',
    maxSteps: 8,
  });
  const { text, steps, stopReason } = await assistant(question);
  console.log(`\n> ${question}`);
  for (const { calls } of steps) for (const { name } of calls) console.log('called    ', name);
  console.log(`${stopReason.padEnd(10)} ${text}`);
};

if (words.length > 0) await ask(words.join(' '), searching);
else {
  await ask('How is a bowline tied?', searching);
  if (folder === fixtures) await ask('Which port is the deepest, and how deep are they on average?', reckoning);
}

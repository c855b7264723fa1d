import { messageOf } from '../core/index.js';
import { type CliIo, type ExitCode, exitCodes } from './io.js';
import { colours, table } from './terminal.js';

/** One thing that was looked at. */
export interface Finding {
  readonly what: string;
  readonly state: 'ok' | 'missing' | 'failed';
  /** What it means for the person, and the command that mends it. */
  readonly note: string;
}

interface Part {
  readonly name: string;
  readonly purpose: string;
  readonly without: string;
  readonly load: () => Promise<unknown>;
}

const parts: readonly Part[] = [
  {
    name: 'lmdb',
    purpose: 'indexes on disk',
    without: 'indexes live in memory only. Mend: npm install lmdb',
    load: () => import('lmdb'),
  },
  { name: 'unpdf', purpose: 'PDF files', without: 'npm install unpdf', load: () => import('unpdf') },
  { name: 'mammoth', purpose: 'DOCX files', without: 'npm install mammoth', load: () => import('mammoth') },
  { name: 'papaparse', purpose: 'CSV files', without: 'npm install papaparse', load: () => import('papaparse') },
  { name: 'linkedom', purpose: 'HTML pages', without: 'npm install linkedom', load: () => import('linkedom') },
  {
    name: '@mozilla/readability',
    purpose: 'the article in a web page',
    without: 'npm install @mozilla/readability',
    load: () => import('@mozilla/readability'),
  },
  { name: 'turndown', purpose: 'HTML to Markdown', without: 'npm install turndown', load: () => import('turndown') },
  {
    name: 'openai',
    purpose: 'OpenAI and compatible models',
    without: 'npm install openai',
    load: () => import('openai'),
  },
  {
    name: '@anthropic-ai/sdk',
    purpose: 'Anthropic models',
    without: 'npm install @anthropic-ai/sdk',
    load: () => import('@anthropic-ai/sdk'),
  },
  { name: 'tiktoken', purpose: 'exact token counts', without: 'npm install tiktoken', load: () => import('tiktoken') },
];

/** The first line of a loader's complaint; a list of paths that were tried helps nobody here. */
const reasonOf = (error: unknown): string => (messageOf(error).split('\n')[0] ?? '').replace(/\.? Tried:$/, '');

const lookAt = async ({ name, purpose, without, load }: Part): Promise<Finding> => {
  try {
    await load();
    return { what: name, state: 'ok', note: purpose };
  } catch (error) {
    const isMissing = (error as { readonly code?: string }).code === 'ERR_MODULE_NOT_FOUND';
    const reason = isMissing ? 'not installed' : reasonOf(error);
    return { what: name, state: isMissing ? 'missing' : 'failed', note: `${purpose}: ${reason}; ${without}` };
  }
};

const keys: readonly (readonly [variable: string, opens: string])[] = [
  ['OPENAI_API_KEY', '--model openai:…'],
  ['ANTHROPIC_API_KEY', '--model anthropic:…'],
];

/** Looks at what is installed and which keys are set; the keys themselves are never shown. */
export const examine = async (io: CliIo): Promise<readonly Finding[]> => {
  const packages = await Promise.all(parts.map(lookAt));
  const found = keys.map(([variable, opens]): Finding => {
    const isSet = (io.env[variable] ?? '') !== '';
    return { what: variable, state: isSet ? 'ok' : 'missing', note: isSet ? opens : `set it for ${opens}` };
  });
  return [
    { what: `Node ${process.versions.node}`, state: 'ok', note: `${process.platform} ${process.arch}` },
    ...packages,
    ...found,
  ];
};

/** Prints what works here and what does not. Nothing missing is an error: the embedded parts always work. */
export const doctor = async (io: CliIo, options: { readonly json: boolean }): Promise<ExitCode> => {
  const findings = await examine(io);
  if (options.json) {
    io.out(`${JSON.stringify({ findings }, null, 2)}\n`);
    return exitCodes.ok;
  }
  const { green, yellow, red, dim } = colours(io, io.isOutTerminal);
  const mark = { ok: green('ok'), missing: yellow('missing'), failed: red('failed') };
  io.out(table(findings.map(({ what, state, note }) => [mark[state], what, dim(note)])));
  io.out('Questions over documents work without any key: pipewright ask ./folder "question"\n');
  return exitCodes.ok;
};

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { run, runNode } from './command.js';
import type { Problem } from './source.js';

const path = 'package.json';

/** Packs the package as it would be published, without running its scripts. Returns the path of the archive. */
const pack = async (root: string, folder: string): Promise<string> => {
  const args = ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder];
  const { code, output } = await run(root, 'npm', args);
  if (code !== 0) throw new Error(`npm pack failed:\n${output}`);
  return join(folder, output.split('\n').at(-1) ?? '');
};

const checkWithPublint = async (archive: string): Promise<readonly Problem[]> => {
  const bytes = await readFile(archive);
  const tarball = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  const { messages, pkg } = await publint({ pack: { tarball }, strict: true });
  return messages.map((message) => ({ path, message: `publint: ${formatMessage(message, pkg, { color: false })}` }));
};

/** Are the types wrong? For Node 16 resolution and up: older ones know no `exports`, and the package asks for Node 20. */
const checkTypes = async (root: string, archive: string): Promise<readonly Problem[]> => {
  const attw = 'node_modules/@arethetypeswrong/cli/dist/index.js';
  const { code, output } = await runNode(root, [
    attw,
    archive,
    '--profile',
    'node16',
    '--format',
    'ascii',
    '--no-emoji',
  ]);
  return code === 0 ? [] : [{ path, message: `are the types wrong:\n${output}` }];
};

/** Builds and packs the package, and asks publint and attw what users would trip over. */
export const checkPackage = async (root: string): Promise<readonly Problem[]> => {
  const built = await runNode(root, ['scripts/build.mjs']);
  if (built.code !== 0) return [{ path: 'tsup.config.ts', message: `the build fails:\n${built.output}` }];
  const folder = await mkdtemp(join(tmpdir(), 'pipewright-pack-'));
  try {
    const archive = await pack(root, folder);
    return (await Promise.all([checkWithPublint(archive), checkTypes(root, archive)])).flat();
  } finally {
    await rm(folder, { recursive: true });
  }
};

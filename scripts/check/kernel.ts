import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runNode } from './command.js';
import type { Problem } from './source.js';

export const binaryPath = 'src/vector/kernel/binary.ts';

const flags = [
  ...['--optimizeLevel', '3', '--shrinkLevel', '0', '--converge', '--noAssert'],
  // No allocator and no strings: the module holds code only, and the memory is the kernel's.
  ...['--runtime', 'stub', '--importMemory', '--noExportMemory'],
  ...['--enable', 'simd', '--enable', 'threads', '--sharedMemory', '--initialMemory', '1', '--maximumMemory', '65536'],
];

/** The text of `binary.ts` that the sources of the kernel give; the same compiler gives the same bytes. */
export const compileKernel = async (root: string): Promise<string> => {
  const folder = mkdtempSync(join(tmpdir(), 'pipewright-kernel-'));
  try {
    const out = join(folder, 'kernel.wasm');
    const compiler = 'node_modules/assemblyscript/bin/asc.js';
    const { code, output } = await runNode(root, [
      compiler,
      'src/vector/kernel/assembly/index.ts',
      '-o',
      out,
      ...flags,
    ]);
    if (code !== 0) throw new Error(output);
    return [
      '// Made by `npm run kernel` from the files in assembly. Do not change it here.',
      '',
      "/** The kernel's WebAssembly module in base64: it needs no file beside it, however it is bundled. */",
      'export const binary =',
      `  '${readFileSync(out).toString('base64')}';`,
      '',
    ].join('\n');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/** Holds the binary to its sources. */
export const checkKernel = async (root: string): Promise<readonly Problem[]> => {
  const path = join(root, binaryPath);
  const stored = existsSync(path) ? readFileSync(path, 'utf8') : '';
  if (stored === (await compileKernel(root))) return [];
  return [{ path: binaryPath, message: 'is not what its sources compile to. Run: npm run kernel' }];
};

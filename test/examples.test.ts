import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const examples = readdirSync(join(root, 'examples')).filter((name) => name.endsWith('.ts'));

/** Nothing that an example could take a key or an address from. */
const { PATH, HOME } = process.env;
const bareEnvironment = { PATH, HOME, TSX_TSCONFIG_PATH: join(root, 'tsconfig.json') };

describe('the examples', () => {
  it.each(examples)('%s runs without a key and prints something', async (name) => {
    const cwd = mkdtempSync(join(tmpdir(), 'pipewright-example-'));
    try {
      const args = [join(root, 'node_modules/tsx/dist/cli.mjs'), join(root, 'examples', name)];
      const { stdout } = await promisify(execFile)(process.execPath, args, { cwd, env: bareEnvironment });
      expect(stdout.trim()).not.toBe('');
    } finally {
      rmSync(cwd, { recursive: true });
    }
  });
});

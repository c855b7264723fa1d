import { spawn } from 'node:child_process';

export interface KilledChildOptions {
  /** How long it lives after the first thing that it printed. */
  readonly afterMs: number;
  /** @default the current folder */
  readonly cwd?: string;
}

/**
 * Starts a Node process that prints a line for all that it has acknowledged, and kills it with SIGKILL some time after the first one.
 * Resolves to its whole lines, also when it was done earlier; rejects when it failed.
 */
export const killedChild = (args: readonly string[], options: KilledChildOptions): Promise<readonly string[]> =>
  new Promise((resolve, reject) => {
    const { afterMs, cwd = process.cwd() } = options;
    const running = spawn(process.execPath, [...args], { cwd, stdio: ['ignore', 'pipe', 'inherit'] });
    let printed = '';
    let timer: NodeJS.Timeout | undefined;
    running.stdout.on('data', (chunk: Buffer) => {
      printed += chunk.toString();
      timer ??= setTimeout(() => running.kill('SIGKILL'), afterMs);
    });
    running.on('error', reject);
    running.on('exit', (code) => {
      clearTimeout(timer);
      // What stands behind the last line break was cut off.
      if (code === null || code === 0) resolve(printed.split('\n').slice(0, -1));
      else reject(new Error(`The child failed with ${code}.`));
    });
  });

import { type ChildProcess, spawn } from 'node:child_process';

/** A process of its own, and the lines that it has printed so far. */
export interface PrintingChild {
  readonly process: ChildProcess;
  readonly lines: readonly string[];
}

/** Starts a TypeScript program with these arguments; kill it when the test is over. */
export const printingChild = (program: string, ...args: readonly string[]): PrintingChild => {
  const started = spawn(process.execPath, ['--import', 'tsx', program, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  started.stdout.on('data', (chunk: Buffer) => lines.push(...chunk.toString().trim().split('\n')));
  return { process: started, lines };
};

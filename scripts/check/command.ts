import { spawn } from 'node:child_process';

export interface CommandResult {
  readonly code: number;
  /** What it wrote, both streams in the order of arrival. */
  readonly output: string;
}

/** Runs a program of this Node with its output kept; never throws for a failing program. */
export const runNode = (root: string, args: readonly string[]): Promise<CommandResult> =>
  run(root, process.execPath, args);

export const run = (root: string, command: string, args: readonly string[]): Promise<CommandResult> =>
  new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined } });
    let output = '';
    for (const pipe of [child.stdout, child.stderr]) {
      pipe.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    child.on('error', (error) => resolve({ code: 1, output: error.message }));
    child.on('close', (code) => resolve({ code: code ?? 1, output: output.trimEnd() }));
  });

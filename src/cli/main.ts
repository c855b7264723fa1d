#!/usr/bin/env node
import type { CliIo } from './io.js';
import { main } from './program.js';

const control = new AbortController();
// The first Ctrl-C ends the work in good order; a second one, while that lasts, ends the process.
process.once('SIGINT', () => control.abort(new DOMException('Interrupted by the user.', 'AbortError')));
// A reader that has seen enough (`| head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

const io: CliIo = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  env: process.env,
  cwd: process.cwd(),
  input: process.stdin,
  isInTerminal: process.stdin.isTTY === true && process.stdout.isTTY === true,
  isOutTerminal: process.stdout.isTTY === true,
  isErrTerminal: process.stderr.isTTY === true,
  signal: control.signal,
};

process.exitCode = await main(process.argv.slice(2), io);

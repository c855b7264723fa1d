import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import type { CliIo } from './io.js';

/** What somebody types, line by line. */
export interface LineInput extends Disposable {
  readonly lines: AsyncIterable<string>;
  /** Asks for the next line, where a person sits there. */
  readonly prompt: () => void;
}

/**
 * Reads lines from a terminal, with a prompt and editing, or from a pipe. `onInterrupt` hears Ctrl-C on a terminal: there it ends
 * no process by itself.
 */
export const lineInput = (io: CliIo, prompt: string, onInterrupt: () => void): LineInput => {
  const output = new Writable({
    write: (chunk, _encoding, done) => {
      io.out(String(chunk));
      done();
    },
  });
  const { isInTerminal: terminal, input } = io;
  const reader = createInterface({ input, terminal, prompt, crlfDelay: Infinity, ...(terminal ? { output } : {}) });
  reader.on('SIGINT', onInterrupt);
  const end = (): void => reader.close();
  io.signal.addEventListener('abort', end, { once: true });
  if (io.signal.aborted) end();
  return {
    lines: reader,
    prompt: () => {
      if (terminal) reader.prompt();
    },
    [Symbol.dispose]: () => {
      io.signal.removeEventListener('abort', end);
      reader.close();
    },
  };
};

import type { Readable } from 'node:stream';

/** Where the command reads and prints; tests put their own here. */
export interface CliIo {
  /** Answers and data. */
  readonly out: (text: string) => void;
  /** Progress, notices and errors. */
  readonly err: (text: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** What a person types, or a pipe says. */
  readonly input: Readable;
  /** Whether a person types it on a terminal. */
  readonly isInTerminal: boolean;
  /** Whether a person reads `out` on a terminal. */
  readonly isOutTerminal: boolean;
  /** Whether a person reads `err` on a terminal. */
  readonly isErrTerminal: boolean;
  /** Aborts when the person presses Ctrl-C. */
  readonly signal: AbortSignal;
}

/** What the command ends with; programs may rely on these. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  /** Wrong words on the command line. */
  usage: 2,
  /** The documents do not hold the answer. */
  notAnswered: 3,
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

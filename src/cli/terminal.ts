import type { CliIo } from './io.js';

type Paint = (text: string) => string;

export interface Colours {
  readonly bold: Paint;
  readonly dim: Paint;
  readonly red: Paint;
  readonly green: Paint;
  readonly yellow: Paint;
  readonly cyan: Paint;
}

const plain: Paint = (text) => text;
const sgr =
  (on: number, off: number): Paint =>
  (text) =>
    `\u001b[${on}m${text}\u001b[${off}m`;

const none: Colours = { bold: plain, dim: plain, red: plain, green: plain, yellow: plain, cyan: plain };
const all: Colours = {
  bold: sgr(1, 22),
  dim: sgr(2, 22),
  red: sgr(31, 39),
  green: sgr(32, 39),
  yellow: sgr(33, 39),
  cyan: sgr(36, 39),
};

/** Colours for a stream: only on a terminal, and never when NO_COLOR is set (https://no-color.org). */
export const colours = (io: CliIo, isTerminal: boolean): Colours =>
  isTerminal && (io.env.NO_COLOR ?? '') === '' && io.env.TERM !== 'dumb' ? all : none;

export interface Progress {
  readonly update: (done: number, total: number | undefined) => void;
  /** Takes the bar away. */
  readonly end: () => void;
}

const barWidth = 24;
const redrawMs = 80;

/**
 * Progress of a long job: a bar that is drawn over itself on a terminal, else one line at each fifth of the way.
 * Nothing is drawn before the first update.
 */
export const progress = (io: CliIo, label: string, now: () => number): Progress =>
  io.isErrTerminal ? drawnProgress(io, label, now) : printedProgress(io, label);

const drawnProgress = (io: CliIo, label: string, now: () => number): Progress => {
  const { cyan, dim } = colours(io, true);
  let drawnMs = Number.NEGATIVE_INFINITY;
  let isDrawn = false;
  return {
    update: (done, total) => {
      if (now() - drawnMs < redrawMs && done !== total) return;
      drawnMs = now();
      isDrawn = true;
      const filled = total === undefined || total === 0 ? 0 : Math.floor((done / total) * barWidth);
      const bar = cyan('━'.repeat(filled)) + dim('━'.repeat(barWidth - filled));
      io.err(`\r\u001b[2K${label} ${total === undefined ? done : `${bar} ${done}/${total}`}`);
    },
    end: () => {
      if (isDrawn) io.err('\r\u001b[2K');
    },
  };
};

const printedProgress = (io: CliIo, label: string): Progress => {
  let lastFifth = 0;
  return {
    update: (done, total) => {
      if (total === undefined || total === 0) return;
      const fifth = Math.floor((done / total) * 5);
      if (fifth === lastFifth) return;
      lastFifth = fifth;
      io.err(`${label} ${done}/${total}\n`);
    },
    end: () => undefined,
  };
};

/** Rows as a table with aligned columns; widths are counted without colours. */
export const table = (rows: readonly (readonly string[])[]): string => {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the colour codes that must not count.
  const widthOf = (cell: string): number => cell.replace(/\u001b\[\d+m/g, '').length;
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, widthOf(cell));
    });
  }
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - widthOf(cell)))
      .join('  ')
      .trimEnd(),
  );
  return `${lines.join('\n')}\n`;
};

/** `1234567` as `1,234,567`. */
export const count = (value: number): string => Math.round(value).toLocaleString('en-US');

/** A time as people say it: `34 ms`, `2.1 s`. */
export const duration = (ms: number): string => (ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`);

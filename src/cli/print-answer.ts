import { relative } from 'node:path';
import { createRun, type RunEvent, stream, systemClock } from '../core/index.js';
import type { ChatModel } from '../model/index.js';
import { type Answer, answer, type Citation, type Library, placeLabel } from '../rag/index.js';
import type { CliIo } from './io.js';
import { colours, duration } from './terminal.js';

/** An answer and what it took. */
export interface TimedAnswer {
  readonly question: string;
  readonly answer: Answer;
  readonly durationMs: number;
  /** Tokens of all model calls, input and output together. */
  readonly tokens: number;
  readonly costUsd: number;
}

/** Asks and, with `print`, shows the text while it arrives. */
export const askLibrary = async (
  io: CliIo,
  library: Library,
  model: ChatModel,
  question: string,
  print: boolean,
): Promise<TimedAnswer> => {
  const run = createRun({ signal: io.signal });
  const startedMs = systemClock.now();
  const answering = stream(answer(library.retriever, model), question, { run });
  const show = print ? textPrinter(io) : undefined;
  for await (const event of answering) show?.take(event);
  const answered = await answering.result;
  show?.end(answered.text);
  const { usage, costUsd } = run.meter.spent;
  return {
    question,
    answer: answered,
    durationMs: systemClock.now() - startedMs,
    tokens: usage.inputTokens + usage.outputTokens,
    costUsd,
  };
};

export interface TextPrinter {
  readonly take: (event: RunEvent) => void;
  /** Makes sure that the answer stands there whole, once, and ends its line. */
  readonly end: (text: string) => void;
}

/** Prints text as it comes. What a retry takes back is marked as such, because printed text cannot be unsaid. */
export const textPrinter = (io: CliIo): TextPrinter => {
  const { dim } = colours(io, io.isOutTerminal);
  let printed = '';
  return {
    take: (event) => {
      if (event.type === 'text-delta') {
        io.out(event.text);
        printed += event.text;
      } else if (event.type === 'retract' && printed !== '') {
        io.out(dim('\n(taken back; once more)\n'));
        printed = '';
      }
    },
    end: (text) => {
      io.out(printed === '' ? `${text}\n` : '\n');
    },
  };
};

/** The path as a person would type it here. */
const shownPath = (cwd: string, path: string): string => {
  if (/^\w+:\/\//.test(path)) return path;
  const fromHere = relative(cwd, path);
  return fromHere === '' || fromHere.startsWith('..') ? path : fromHere;
};

/** `node_modules/openai/README.md:410-417`, `report.pdf p. 3`. */
export const citationPlace = (io: CliIo, { evidence, sourceId }: Citation, sources: Answer['sources']): string => {
  const id = evidence?.sourceId ?? sourceId;
  const hit = sources.find((source) => source.id === id);
  if (hit === undefined) return 'no such source';
  const { source, place = {} } = hit;
  const shown = source === undefined ? {} : { source: shownPath(io.cwd, source) };
  return placeLabel({ ...hit, ...shown, place: evidence?.place ?? place });
};

/** The list of citations under an answer, with what the check of each found. */
export const printCitations = (
  io: CliIo,
  { citations, sources, uncited, isAnswered }: Pick<Answer, 'citations' | 'sources' | 'uncited' | 'isAnswered'>,
): void => {
  const { cyan, dim, green, yellow } = colours(io, io.isOutTerminal);
  const seen = new Set<string>();
  for (const citation of citations) {
    const place = citationPlace(io, citation, sources);
    const line = `${citation.number} ${place} ${citation.verdict}`;
    if (seen.has(line)) continue;
    seen.add(line);
    const isGood = citation.verdict === 'verbatim' || citation.verdict === 'supported';
    io.out(`  ${cyan(`[${citation.number}]`)} ${place} ${(isGood ? green : yellow)(citation.verdict)}\n`);
  }
  if (isAnswered && uncited.length > 0) io.out(`  ${dim(`${uncited.length} sentences cite nothing`)}\n`);
};

/** `answered in 34 ms from 8 passages, 1,203 tokens`. */
export const printTook = (io: CliIo, { answer: { sources }, durationMs, tokens, costUsd }: TimedAnswer): void => {
  const { dim } = colours(io, io.isErrTerminal);
  const cost = costUsd > 0 ? `, ${costUsd.toFixed(4)} USD` : '';
  const took = `${duration(durationMs)}, ${sources.length} passages read, ${tokens.toLocaleString('en-US')} tokens${cost}`;
  io.err(`${dim(took)}\n`);
};

/** An answer as plain data, for `--json`. */
export const answerJson = (io: CliIo, timed: TimedAnswer): object => {
  const { question, answer: answered, durationMs, tokens, costUsd } = timed;
  return {
    question,
    answer: answered.text,
    isAnswered: answered.isAnswered,
    citations: answered.citations.map((citation) => ({
      number: citation.number,
      claim: citation.claim.text,
      verdict: citation.verdict,
      place: citationPlace(io, citation, answered.sources),
      ...(citation.evidence === undefined ? {} : { quote: citation.evidence.quote }),
    })),
    uncited: answered.uncited.map(({ text }) => text),
    took: { durationMs, tokens, costUsd },
  };
};

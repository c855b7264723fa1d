import {
  callStep,
  checkAtLeast,
  createRun,
  defineStep,
  type Memory,
  type MemoryScope,
  type Message,
  messageOf,
  type Recalled,
  type RecalledNote,
  type RecallQuery,
  type Run,
  type Store,
} from '../core/index.js';
import { isText, member, numberIn } from '../ask/index.js';
import { type LoggedMessage, type MessageLog, messageLog } from '../conversation/index.js';
import { type TokenCounter, tokenCounter, truncate } from '../model/index.js';
import { memoryStore } from '../store/index.js';
import { saidOf } from './conversation-memory.js';
import { fittingTurns, recalledOf, type Room } from './recalled.js';
import { logIdOf } from './scope.js';
import { createShelf, type Shelf } from './shelf.js';
import { extractiveSummarizer, type Summarizer } from './summarizer.js';
import { beginsTurn, readTail } from './tail.js';

export interface SummaryMemoryOptions {
  /** Where summaries are kept, and the messages unless there is a `log`. @default in memory, gone with the process */
  readonly store?: Store;
  /** Where the messages are kept. @default a log in the store */
  readonly log?: MessageLog;
  /** Writes the summary. @default extractiveSummarizer(), without a model */
  readonly summarizer?: Summarizer;
  /** Length of the summary at most. @default 500 */
  readonly summaryTokens?: number;
  /** Messages are summarised once there are so many tokens of them; the more, the fewer calls. @default 1000 */
  readonly batchTokens?: number;
  /** Room for what is recalled; a query's own wins. @default no limit */
  readonly maxTokens?: number;
  /** Whose tokens. @default 'gpt-5' */
  readonly model?: string;
}

export interface SummaryBufferMemoryOptions extends SummaryMemoryOptions {
  /** Newest messages that stay as they are. @default 2000 */
  readonly keepTokens?: number;
}

type Settings = Required<Omit<SummaryBufferMemoryOptions, 'store'>>;

/** What has become of a conversation. */
interface SummaryState {
  readonly summary: string;
  /** Messages with lower numbers are in the summary. */
  readonly nextSeq: number;
  /** When the newest of them was said. */
  readonly createdMs: number;
}

const isState = (value: unknown): value is SummaryState =>
  isText(member(value, 'summary')) &&
  numberIn(value, 'nextSeq') !== undefined &&
  numberIn(value, 'createdMs') !== undefined;

/** Calls of one `add` at most: after a long failure the rest is summarised with the next messages. */
const maxBatches = 4;

interface Batch {
  readonly messages: readonly Message[];
  readonly nextSeq: number;
  readonly createdMs: number;
}

interface Turn {
  readonly entries: LoggedMessage[];
  tokens: number;
}

/**
 * Whole turns from a message on, each with its tokens, so that no call is parted from its result. Ends behind the beginning of the
 * first turn that stands above `maxTokens`: what is older than that is due whatever follows.
 */
const turnsFrom = async (
  entries: AsyncIterable<LoggedMessage>,
  counter: TokenCounter,
  maxTokens: number,
): Promise<readonly Turn[]> => {
  const turns: Turn[] = [];
  let read = 0;
  for await (const entry of entries) {
    const isNew = turns.length === 0 || beginsTurn(entry.message);
    if (isNew) turns.push({ entries: [], tokens: 0 });
    const turn = turns.at(-1) as Turn;
    const { tokens } = await counter.countRequest({ messages: [entry.message] });
    turn.entries.push(entry);
    turn.tokens += tokens;
    read += tokens;
    if (isNew && read > maxTokens) break;
  }
  return turns;
};

/** The oldest turns that are due, or nothing while they are too few. The newest turn may still go on, so it is never due. */
const dueBatch = (turns: readonly Turn[], { keepTokens, batchTokens }: Settings): Batch | undefined => {
  let kept = 1;
  let tokens = turns.at(-1)?.tokens ?? 0;
  while (kept < turns.length && tokens + (turns.at(-1 - kept)?.tokens ?? 0) <= keepTokens) {
    tokens += turns.at(-1 - kept)?.tokens ?? 0;
    kept++;
  }
  const older = turns.slice(0, -kept);
  if (older.reduce((sum, turn) => sum + turn.tokens, 0) < batchTokens) return undefined;
  const batch: LoggedMessage[] = [];
  let left = 2 * batchTokens;
  for (const turn of older) {
    if (batch.length > 0 && turn.tokens > left) break;
    batch.push(...turn.entries);
    left -= turn.tokens;
  }
  const last = batch.at(-1);
  if (last === undefined) return undefined;
  return { messages: batch.map(({ message }) => message), nextSeq: last.seq + 1, createdMs: last.createdMs };
};

/** Summarises what is due, batch by batch. Each message is read once: a batch counts only if nobody was quicker. */
const summarise = async (shelf: Shelf<SummaryState>, id: string, settings: Settings, run: Run): Promise<void> => {
  const { log, summarizer, summaryTokens, batchTokens, keepTokens, model } = settings;
  const counter = tokenCounter(model);
  for (let batches = 0; batches < maxBatches; batches++) {
    const before = await shelf.read(id);
    const entries = log.entries(id, before.state.nextSeq);
    const batch = dueBatch(await turnsFrom(entries, counter, keepTokens + 2 * batchTokens), settings);
    if (batch === undefined) return;
    const { messages, nextSeq, createdMs } = batch;
    const input = { summary: before.state.summary, messages, maxTokens: summaryTokens, model };
    const summary = await callStep(summarizer, input, run);
    run.throwIfAborted();
    await shelf.replace(id, before, { summary, nextSeq, createdMs });
  }
};

const noteOf = ({ summary, createdMs }: SummaryState): readonly RecalledNote[] =>
  summary === '' ? [] : [{ id: 'summary', kind: 'summary', text: summary, createdMs, isStable: true }];

/** The summary, cut where it would take more than half of the room: the turns need the other. */
const recallSummary = async (state: SummaryState, { maxTokens, counter }: Room): Promise<Recalled> => {
  const notes = noteOf(state);
  const whole = await recalledOf({ turns: [], notes, leftOut: 0 }, { maxTokens: Infinity, counter });
  const most = Math.floor(maxTokens / 2);
  if (whole.tokens <= most) return whole;
  const around = whole.tokens - (await counter.count(state.summary)).tokens;
  const limits = { maxTokens: Math.max(0, most - around), model: counter.model, cutAt: 'sentence' } as const;
  const { text } = await truncate(state.summary, limits);
  return recalledOf(
    { turns: [], notes: noteOf({ ...state, summary: text }), leftOut: 0 },
    { maxTokens: most, counter },
  );
};

const makeMemory = (kind: string, settings: Settings, shelf: Shelf<SummaryState>): Memory => {
  const { log, summaryTokens, batchTokens, keepTokens, model } = settings;
  checkAtLeast('summaryTokens', summaryTokens, 1);
  checkAtLeast('batchTokens', batchTokens, 1);
  checkAtLeast('keepTokens', keepTokens, 0);
  checkAtLeast('maxTokens', settings.maxTokens, 0);
  const counter = tokenCounter(model);
  const recall = async (query: RecallQuery): Promise<Recalled> => {
    const maxTokens = query.maxTokens ?? settings.maxTokens;
    checkAtLeast('maxTokens', maxTokens, 0);
    const id = logIdOf(query);
    const { state } = await shelf.read(id);
    const summary = await recallSummary(state, { maxTokens, counter });
    const room = { maxTokens: maxTokens - summary.tokens, counter };
    const limits = { maxTurns: Infinity, maxTokens: room.maxTokens, fromSeq: state.nextSeq };
    const said = (await readTail(log, id, limits, counter)).map(({ message }) => message);
    const turns = await fittingTurns(said, room);
    const kept = new Set(turns);
    const leftOut = (await log.count(id)) - said.filter((message) => kept.has(message)).length;
    return recalledOf({ turns, notes: summary.notes, leftOut }, { maxTokens, counter });
  };
  const add = async (messages: readonly Message[], scope: MemoryScope = {}, run: Run = createRun()): Promise<void> => {
    const id = logIdOf(scope);
    await log.append(id, saidOf(messages), run);
    try {
      await shelf.locked(id, run, () => summarise(shelf, id, settings, run));
    } catch (error) {
      // The messages are kept: they stay as they are, and are summarised with the next.
      run.emit({ type: 'warning', message: `The conversation was not summarised: ${messageOf(error)}` });
    }
  };
  const info = { kind: 'memory', name: kind, details: { summaryTokens, batchTokens, keepTokens } };
  return {
    kind,
    add,
    recall: defineStep(info, recall),
    clear: async (scope: MemoryScope = {}, run: Run = createRun()) => {
      const id = logIdOf(scope);
      await shelf.locked(id, run, async () => {
        await log.clear(id, run);
        await shelf.clear(id, run);
      });
    },
  };
};

const open = (kind: string, options: SummaryBufferMemoryOptions, keepTokens: number): Memory => {
  const { store = memoryStore(), ...rest } = options;
  const empty = { summary: '', nextSeq: 0, createdMs: 0 };
  const shelf = createShelf<SummaryState>({ store, prefix: 'memory-summaries', empty, isState });
  const settings: Settings = {
    log: rest.log ?? messageLog({ store }),
    summarizer: extractiveSummarizer(),
    summaryTokens: 500,
    batchTokens: 1_000,
    maxTokens: Infinity,
    model: 'gpt-5',
    keepTokens,
    ...rest,
  };
  return makeMemory(kind, settings, shelf);
};

/**
 * Remembers a running summary and what was said since. `add` keeps the messages first and then summarises whole turns once
 * `batchTokens` of them are there, all but the newest; it calls the summarizer once for each batch, and no message is read twice. Where
 * that fails, or the run is aborted meanwhile, it warns and the messages wait for the next `add`. Recalling calls no model.
 * @throws {PipewrightError} `bad-option`.
 * @example summaryMemory().kind // => 'summary'
 */
export const summaryMemory = (options: SummaryMemoryOptions = {}): Memory => open('summary', options, 0);

/**
 * Remembers the newest messages as they are, as many as `keepTokens` hold, and a running summary of the older ones, as `summaryMemory`
 * makes it.
 * @throws {PipewrightError} `bad-option`.
 * @example summaryBufferMemory({ keepTokens: 500 }).kind // => 'summary-buffer'
 */
export const summaryBufferMemory = (options: SummaryBufferMemoryOptions = {}): Memory =>
  open('summary-buffer', options, 2_000);

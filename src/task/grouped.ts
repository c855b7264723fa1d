import { answerSchema, listIn, listSchema, member, modelStep, objectSchema, textIn, textSchema } from '../ask/index.js';
import {
  callStep,
  checkAtLeast,
  checkSchema,
  defineStep,
  map,
  type Run,
  type Schema,
  type Step,
  type StepLike,
  toJsonSchema,
} from '../core/index.js';
import { type ChatModel, tokenCounter } from '../model/index.js';
import { mapSettled, type Settled } from './map-settled.js';
import { taskRules } from './rules.js';

export interface GroupedOptions<Out> {
  /** What is to be done with each item. */
  readonly task: string;
  /** The form of one item's answer. */
  readonly schema: Schema<Out>;
  /** Does the same for one item; called where the answer for a group cannot be matched with its items. */
  readonly single: StepLike<string, Out>;
  /** Items of one call at most. @default 8 */
  readonly maxItems?: number;
  /** Tokens of the items of one call at most; a longer item goes alone. @default 2000 */
  readonly maxTokens?: number;
  /** Calls under way at once. @default 4 */
  readonly concurrency?: number;
}

interface Item {
  readonly index: number;
  readonly text: string;
  readonly tokens: number;
  /** The first words, by which an answer is matched with its item. */
  readonly begin: string;
}

const beginWords = 6;

const foldedWords = (text: string): readonly string[] =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .match(/[\p{L}\p{N}]+/gu) ?? [];
/** Looks no further than it needs to: an item may be long. */
const beginOf = (text: string): string => foldedWords(text.trimStart().slice(0, 400)).slice(0, beginWords).join(' ');

interface Group {
  readonly items: Item[];
  tokens: number;
}

/** How many groups wait for items that do not fit the newest. */
const maxOpen = 4;

/** Groups in which no two items begin alike: there an answer at the wrong place shows. */
const groupsOf = (items: readonly Item[], maxItems: number, maxTokens: number): readonly (readonly Item[])[] => {
  const groups: Group[] = [];
  for (const item of items) {
    const isRoomIn = ({ items: held, tokens }: Group): boolean =>
      held.length < maxItems && tokens + item.tokens <= maxTokens && held.every(({ begin }) => begin !== item.begin);
    const group = item.begin === '' ? undefined : groups.slice(-maxOpen).find(isRoomIn);
    if (group === undefined) groups.push({ items: [item], tokens: item.tokens });
    else {
      group.items.push(item);
      group.tokens += item.tokens;
    }
  }
  return groups.map(({ items: held }) => held);
};

interface Entry {
  readonly id: string;
  readonly begins: string;
  readonly answer: unknown;
}

const entriesSchema = (schema: Schema) => {
  const { $defs, ...answer } = toJsonSchema(schema);
  const entry = objectSchema({ id: textSchema, begins: textSchema, answer });
  const jsonSchema = { ...objectSchema({ items: listSchema(entry) }), ...($defs === undefined ? {} : { $defs }) };
  return answerSchema<readonly Entry[]>(jsonSchema, (value) => {
    const list = Array.isArray(value) ? value : listIn(value, 'items');
    if (list === undefined) return { issues: ['`items` must be a list with one entry for each item.'] };
    return {
      value: list.map((each) => ({
        id: textIn(each, 'id'),
        begins: textIn(each, 'begins'),
        answer: member(each, 'answer'),
      })),
    };
  });
};

const idOf = (at: number): string => `item-${at + 1}`;

/** Whether the words are those that the item begins with. */
const isBeginOf = (begins: string, item: Item): boolean => {
  const told = foldedWords(begins).slice(0, beginWords).join(' ');
  const isWhole = told === item.begin;
  return isWhole || (told.split(' ').length >= 2 && `${item.begin} `.startsWith(`${told} `));
};

/** The one entry of an item: its id, its first words, and those of no other item. */
const entryOf = (entries: readonly Entry[], group: readonly Item[], at: number): Entry | undefined => {
  const item = group[at];
  const [entry, ...others] = entries.filter(({ id }) => id === idOf(at));
  if (item === undefined || entry === undefined || others.length > 0) return undefined;
  const isOfAnother = group.some((other) => other !== item && isBeginOf(entry.begins, other));
  return isBeginOf(entry.begins, item) && !isOfAnother ? entry : undefined;
};

type Answers<Out> = readonly (readonly [index: number, value: Out])[];

/** What a group's call answered for its items, by their places in the list. */
const answersOf = async <Out>(
  ask: Step<readonly Item[], readonly Entry[]>,
  schema: Schema<Out>,
  group: readonly Item[],
  run: Run,
): Promise<Answers<Out>> => {
  if (group.length === 1) return [];
  try {
    const entries = await callStep(ask, group, run);
    const answers: [number, Out][] = [];
    for (const [at, { index }] of group.entries()) {
      const entry = entryOf(entries, group, at);
      const checked = entry === undefined ? undefined : await checkSchema(schema, entry.answer);
      if (checked?.isValid) answers.push([index, checked.value]);
    }
    return answers;
  } catch {
    run.throwIfAborted();
    // Its items go alone: what is wrong with one of them must not be the others' failure.
    return [];
  }
};

/**
 * Makes a step that does a task for many short items with several in one call, and so reads the rules once for all of them. Each
 * answer must come back with its item's id and first words; one that does not, comes twice, or does not fit the schema is asked for
 * again alone, and so are all of a group whose call failed. Results keep the order of the items, failures are data.
 * Calls for n items: about n / `maxItems`, and one for each item that had to go alone.
 * @throws {PipewrightError} `bad-option`; `bad-schema`.
 */
export const grouped = <Out>(
  model: ChatModel,
  options: GroupedOptions<Out>,
): Step<readonly string[], readonly Settled<Out>[]> => {
  const { task, schema, single, maxItems = 8, maxTokens = 2_000, concurrency = 4 } = options;
  checkAtLeast('maxItems', maxItems, 1);
  checkAtLeast('maxTokens', maxTokens, 1);
  checkAtLeast('concurrency', concurrency, 1);
  const ask = modelStep(model, {
    info: { kind: 'ask', name: 'group' },
    rules: `${taskRules.group}\n${task}`,
    content: (group: readonly Item[]) =>
      group.map(({ text }, at) => ({ type: 'source', id: idOf(at), title: idOf(at), text })),
    schema: entriesSchema(schema),
  });
  const askGroup = (group: readonly Item[], run: Run): Promise<Answers<Out>> => answersOf(ask, schema, group, run);
  const children = [
    { label: 'group', step: ask, maxCalls: Infinity },
    { label: 'single', step: single, maxCalls: Infinity },
  ];
  return defineStep(
    { kind: 'grouped', details: { maxItems }, children },
    async (texts: readonly string[], run: Run) => {
      const counter = tokenCounter(model.model);
      const items: Item[] = [];
      for (const [index, text] of texts.entries()) {
        items.push({ index, text, tokens: (await counter.count(text)).tokens, begin: beginOf(text) });
      }
      const answers = await map(askGroup, { concurrency })(groupsOf(items, maxItems, maxTokens), run);
      const known = new Map(answers.flat());
      const alone = texts.flatMap((_, index) => (known.has(index) ? [] : [index]));
      const settled = await mapSettled(single, { concurrency, label: 'single items' })(
        alone.map((index) => texts[index] ?? ''),
        run,
      );
      const results: Settled<Out>[] = [...known].map(([index, value]) => ({ index, isDone: true, value }));
      for (const each of settled) results.push({ ...each, index: alone[each.index] ?? 0 });
      return results.sort((a, b) => a.index - b.index);
    },
  );
};

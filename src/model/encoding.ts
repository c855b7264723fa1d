import { bytePairCounter, type EncodingTable } from './byte-pairs.js';
import { bareModelName } from './model-name.js';

/** The encodings of OpenAI's current models. */
export type EncodingName = 'o200k_base' | 'cl100k_base';

export interface ModelEncoding {
  readonly name: EncodingName;
  /** False where the encoding is that of the model's predecessors and its own is not published. */
  readonly isPublished: boolean;
}

const families: readonly (readonly [RegExp, ModelEncoding])[] = [
  [/^(?:chatgpt-4o|gpt-4o|gpt-4\.[15]|gpt-5|gpt-oss|o[134])(?![a-z0-9])/u, { name: 'o200k_base', isPublished: true }],
  [/^gpt-[6-9]/u, { name: 'o200k_base', isPublished: false }],
  [/^(?:gpt-4|gpt-3\.5|text-embedding-(?:3|ada-002))/u, { name: 'cl100k_base', isPublished: true }],
];

/** The encoding of an OpenAI model; undefined for models whose tokenizer is not public or not at hand. */
export const encodingOf = (model: string): ModelEncoding | undefined => {
  const name = bareModelName(model);
  return families.find(([pattern]) => pattern.test(name))?.[1];
};

/** Counts the tokens of a short text. */
export type CountShort = (text: string) => number;

const tables = {
  o200k_base: () => import('tiktoken/encoders/o200k_base'),
  cl100k_base: () => import('tiktoken/encoders/cl100k_base'),
};

/** The table is a CommonJS module; how deep its value lies depends on who loads it (Node, a bundler). */
export const tableOf = (module: unknown): EncodingTable => {
  const inner = (module as { readonly default?: unknown }).default;
  return inner === undefined ? (module as EncodingTable) : tableOf(inner);
};

const loaded = new Map<EncodingName, Promise<CountShort>>();

const load = async (name: EncodingName): Promise<CountShort> => bytePairCounter(tableOf(await tables[name]()));

/** Loads the tables of an encoding, once in a process: about 0.2 s in which the event loop has its turns; only
 * the module with the table takes some 10 to 50 ms at once. */
export const loadEncoding = (name: EncodingName): Promise<CountShort> => {
  const known = loaded.get(name);
  if (known !== undefined) return known;
  const loading = load(name);
  loaded.set(name, loading);
  loading.catch(() => loaded.delete(name));
  return loading;
};

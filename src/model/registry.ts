import { PipewrightError, type Store, loadState, saveState, stateOf } from '../core/index.js';
import { choosingModel } from './choosing-model.js';
import {
  chooseModel,
  type ModelCandidate,
  type ModelChoice,
  type ModelFacts,
  type ModelNeeds,
} from './choose-model.js';
import { measured, type PerformanceWindow, performanceWindow } from './performance.js';
import { limitsOf, priceOf } from './prices.js';
import { type ModelRecord, type ModelRegistryData, registryForm, registryVersion } from './registry-data.js';
import type { ChatModel, ModelLimits, ModelPrice } from './types.js';

/** A model for a registry, and what is known of it beside what it says itself. */
export interface ModelEntry {
  readonly model: ChatModel;
  /** USD for a million tokens. @default what the price table has */
  readonly price?: ModelPrice;
  /** @default the model's own, else what the price table has */
  readonly limits?: ModelLimits;
  /** Words of your own: `fast`, `eu`, `code`. @default none */
  readonly tags?: readonly string[];
  /** How good its answers are, from 0 to 1, by your own tests or a ranking. @default 0.5 */
  readonly quality?: number;
  /** @default true */
  readonly isActive?: boolean;
}

export interface ModelRegistryOptions {
  /** How many of the last calls of each model the live figures rest on. @default 100 */
  readonly windowCalls?: number;
}

/** Models with what is known of them, from which one is chosen for each task. */
export interface ModelRegistry {
  /** @throws {PipewrightError} `duplicate-id`; `bad-option` for a quality that is none. */
  readonly add: (entry: ModelEntry) => void;
  readonly remove: (id: string) => void;
  /** @throws {PipewrightError} `not-found`. */
  readonly activate: (id: string) => void;
  /** It is chosen no more until it is activated. @throws {PipewrightError} `not-found`. */
  readonly deactivate: (id: string) => void;
  /** All models with facts and live figures, in the order in which they were added. */
  readonly list: () => readonly ModelCandidate[];
  /** @throws {PipewrightError} `unsupported` when none fits; the message and `details.issues` say why not. */
  readonly choose: (needs?: ModelNeeds) => ModelChoice;
  /** A model that chooses for each request, by what the request uses and by these needs, and emits `choice-made`. */
  readonly model: (needs?: ModelNeeds) => ChatModel;
  /** Facts and live figures as plain data; nothing is lost. */
  readonly export: () => ModelRegistryData;
  /**
   * Takes facts and live figures from data; they replace those that are here. Models that are not here wait for an `add`.
   * @throws {PipewrightError} `store-newer` or `store-damaged`.
   */
  readonly import: (data: unknown) => void;
  readonly save: (store: Store, key?: string) => Promise<void>;
  /** Imports what `save` wrote; resolves to whether there was anything. */
  readonly load: (store: Store, key?: string) => Promise<boolean>;
}

interface Listed {
  facts: ModelFacts;
  window: PerformanceWindow;
  model: ChatModel | undefined;
}

const candidateOf = ({ facts, window, model }: Listed): ModelCandidate => ({
  ...facts,
  isThere: model !== undefined,
  performance: window.summary(),
});

const setActive = (listed: ReadonlyMap<string, Listed>, id: string, isActive: boolean): void => {
  const found = listed.get(id);
  if (found === undefined) {
    const known = [...listed.keys()].join(', ');
    throw new PipewrightError('not-found', `The registry has no model \`${id}\`. It has: ${known}.`);
  }
  found.facts = { ...found.facts, isActive };
};

const defaultKey = 'model-registry';

const isEmpty = (limits: ModelLimits): boolean =>
  limits.contextTokens === undefined && limits.maxOutputTokens === undefined;

const factsOf = ({ model, price, limits, tags = [], quality = 0.5, isActive = true }: ModelEntry): ModelFacts => {
  if (!(quality >= 0 && quality <= 1)) {
    throw new PipewrightError('bad-option', `The quality of ${model.id} must be from 0 to 1, got ${quality}.`);
  }
  const { id, provider, features } = model;
  const knownPrice = price ?? priceOf(id) ?? priceOf(model.model);
  return {
    id,
    model: model.model,
    provider,
    features,
    limits: limits ?? (isEmpty(model.limits) ? limitsOf(model.model) : model.limits),
    ...(knownPrice === undefined ? {} : { price: knownPrice }),
    tags,
    quality,
    isActive,
  };
};

/**
 * Makes a registry of chat models. Each call through the models it gives out is measured: success, time, speed, cost.
 * @throws {PipewrightError} `duplicate-id` or `bad-option`.
 * @example
 * const registry = modelRegistry([{ model: scripted([], { id: 'small' }), quality: 0.4 }, { model: scripted([], { id: 'big' }), quality: 0.9 }]);
 * registry.choose({ minQuality: 0.5 }).id // => 'big'
 */
export const modelRegistry = (
  entries: readonly ModelEntry[] = [],
  options: ModelRegistryOptions = {},
): ModelRegistry => {
  const { windowCalls = 100 } = options;
  const listed = new Map<string, Listed>();

  const add = (entry: ModelEntry): void => {
    const { model } = entry;
    const facts = factsOf(entry);
    const known = listed.get(facts.id);
    if (known?.model !== undefined) {
      throw new PipewrightError('duplicate-id', `The registry has a model \`${facts.id}\` already. Remove it first.`);
    }
    listed.set(facts.id, {
      // What was imported was decided later than what is written in the program; what the model can do, it knows itself.
      facts: known === undefined ? facts : { ...known.facts, features: model.features },
      window: known?.window ?? performanceWindow(windowCalls),
      // Looked up when the call ends: an import puts another window in place.
      model: measured(model, { add: (call) => listed.get(facts.id)?.window.add(call) }),
    });
  };
  const take = (records: readonly ModelRecord[]): void => {
    for (const { calls, ...facts } of records) {
      const model = listed.get(facts.id)?.model;
      const features = model?.features ?? facts.features;
      listed.set(facts.id, { facts: { ...facts, features }, window: performanceWindow(windowCalls, calls), model });
    }
  };
  const list = (): readonly ModelCandidate[] => [...listed.values()].map(candidateOf);
  const exported = (): ModelRegistryData => ({
    version: registryVersion,
    models: [...listed.values()].map(({ facts, window }) => ({ ...facts, calls: window.calls() })),
  });

  for (const entry of entries) add(entry);
  return {
    add,
    remove: (id) => void listed.delete(id),
    activate: (id) => setActive(listed, id, true),
    deactivate: (id) => setActive(listed, id, false),
    list,
    choose: (needs = {}) => chooseModel(list(), needs),
    model: (needs = {}) => choosingModel(list, (id) => listed.get(id)?.model, needs),
    export: exported,
    import: (data) => take(stateOf(registryForm, data)),
    save: (store, key = defaultKey) => saveState(store, key, exported()),
    load: async (store, key = defaultKey) => {
      const records = await loadState(registryForm, store, key);
      take(records ?? []);
      return records !== undefined;
    },
  };
};

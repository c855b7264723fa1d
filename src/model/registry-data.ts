import { isRecord, type StateForm } from '../core/index.js';
import type { ModelFacts } from './choose-model.js';
import type { CallRecord } from './performance.js';
import { allFeatures } from './request.js';
import type { ModelFeatures, ModelLimits, ModelPrice } from './types.js';

export const registryVersion = 1;

/** What is kept of a model: its facts and its last calls. */
export interface ModelRecord extends ModelFacts {
  readonly calls: readonly CallRecord[];
}

/** A registry as plain data. */
export interface ModelRegistryData {
  readonly version: number;
  readonly models: readonly ModelRecord[];
}

const isText = (value: unknown): value is string => typeof value === 'string';
const isFigure = (value: unknown): boolean => typeof value === 'number' && value >= 0;
const isFigureOrNone = (value: unknown): boolean => value === undefined || isFigure(value);

const isPrice = (value: unknown): value is ModelPrice => {
  if (!isRecord(value)) return false;
  const { input, output, cachedInput, cacheWrite, longInput } = value;
  if (!isFigure(input) || !isFigure(output) || !isFigureOrNone(cachedInput) || !isFigureOrNone(cacheWrite))
    return false;
  return (
    longInput === undefined || (isRecord(longInput) && isFigure(longInput.aboveTokens) && isPrice(longInput.price))
  );
};

const isLimits = (value: unknown): value is ModelLimits =>
  isRecord(value) && isFigureOrNone(value.contextTokens) && isFigureOrNone(value.maxOutputTokens);

const isFeatures = (value: unknown): value is Partial<ModelFeatures> =>
  isRecord(value) && Object.values(value).every((has) => typeof has === 'boolean');

const isCall = (value: unknown): value is CallRecord => {
  if (!isRecord(value)) return false;
  const { atMs, durationMs, outputTokens, firstTextMs, costUsd, error } = value;
  const isWhole = [atMs, durationMs, outputTokens].every(isFigure) && [firstTextMs, costUsd].every(isFigureOrNone);
  return isWhole && (error === undefined || (isRecord(error) && isText(error.code) && isText(error.message)));
};

/** The record, with features that it does not name as false; undefined when it is none. */
const recordOf = (value: unknown): ModelRecord | undefined => {
  if (!isRecord(value)) return undefined;
  const { id, model, provider, features, limits, price, tags, quality, isActive, calls } = value;
  if (!isText(id) || !isText(model) || !isText(provider) || !isFeatures(features) || !isLimits(limits))
    return undefined;
  if (!Array.isArray(tags) || !tags.every(isText) || !isFigure(quality) || typeof isActive !== 'boolean')
    return undefined;
  if (!Array.isArray(calls) || !calls.every(isCall) || (price !== undefined && !isPrice(price))) return undefined;
  const facts = {
    id,
    model,
    provider,
    features: allFeatures(features),
    limits,
    tags,
    quality: Number(quality),
    isActive,
  };
  return { ...facts, ...(price === undefined ? {} : { price }), calls };
};

export const registryForm: StateForm<readonly ModelRecord[]> = {
  what: 'model registry',
  version: registryVersion,
  read: ({ models }) => {
    if (!Array.isArray(models)) return undefined;
    const records = models.map(recordOf).filter((record) => record !== undefined);
    return records.length === models.length ? records : undefined;
  },
};

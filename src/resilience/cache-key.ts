import { type AnyStep, isPipewrightError, PipewrightError, stepInfo, toJson } from '../core/index.js';

/** A hash of any plain value; equal values have equal ones, whatever the order of their fields. */
export const hashOf = (value: unknown): string => {
  // Loaded when it is first needed: importing it with the package would take longer than the package.
  const { hash } = process.getBuiltinModule('node:crypto');
  return hash('sha256', JSON.stringify(toJson(value, { isExact: true })), 'base64url');
};

/** Enough to tell the caches of one store apart. */
const shortHash = (value: unknown): string => hashOf(value).slice(0, 16);

export interface CacheKeys<In, R> {
  readonly keyOf: (input: In, run: R) => string;
  /** How the keys of one scope begin, or of all scopes. */
  readonly prefixOf: (scope?: unknown) => string;
}

/** Changes with the form of keys and entries, so that what an older package wrote is not found. */
const formatVersion = 1;

/** Keys hold nothing but hashes: neither inputs nor names can be read from them. */
export const cacheKeys = <In, R>(
  name: string,
  key: (input: In, run: R) => unknown,
  scope: (input: In, run: R) => unknown,
): CacheKeys<In, R> => {
  const start = `cache${formatVersion}/${shortHash(name)}/`;
  const common = `${start}common/`;
  const prefixOf = (of?: unknown): string => (of === undefined ? start : `${start}${shortHash(of)}/`);
  return {
    keyOf: (input, run) => {
      try {
        const of = scope(input, run);
        return (of === undefined ? common : prefixOf(of)) + hashOf(key(input, run));
      } catch (cause) {
        if (!isPipewrightError(cause) || cause.code !== 'bad-input') throw cause;
        const message = `No cache key can be made of this input: ${cause.message} Tell with \`key\` what of the input counts.`;
        throw new PipewrightError('bad-input', message, { cause });
      }
    },
    prefixOf,
  };
};

/**
 * What tells the answers of one step from those of another: the kinds, names and settings of all parts that have no parts
 * themselves. What is wrapped around them (a retry, a timeout) does not change the answers.
 */
export const identityOf = (step: AnyStep): string => {
  const leaves: unknown[] = [];
  const collect = (part: AnyStep): void => {
    const { kind, name = '', details = {}, children = [] } = stepInfo(part);
    if (children.length === 0) leaves.push([kind, name, details]);
    for (const child of children) collect(child.step);
  };
  collect(step);
  return JSON.stringify(toJson(leaves));
};

/** Whether some part is a function without a name: its code may change without anybody being able to tell. */
export const hasNamelessPart = (step: AnyStep): boolean => {
  const { kind, name, children = [] } = stepInfo(step);
  return children.length === 0
    ? kind === 'function' && name === undefined
    : children.some((child) => hasNamelessPart(child.step));
};

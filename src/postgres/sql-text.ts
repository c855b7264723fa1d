import { type Metadata, PipewrightError } from '../core/index.js';

/** Tables are named after collections; Postgres cuts names after 63 bytes. */
const namePattern = /^[a-z][a-z0-9_]{0,39}$/;

/** Throws `bad-option` unless the name may stand in a statement as it is. */
export const checkName = (option: string, name: unknown): void => {
  if (typeof name === 'string' && namePattern.test(name)) return;
  throw new PipewrightError(
    'bad-option',
    `\`${option}\` must be a lower-case letter followed by up to 39 lower-case letters, digits and underscores, got ${JSON.stringify(name)}.`,
  );
};

// biome-ignore lint/suspicious/noControlCharactersInRegex: the two that are moved are control characters
const special = /[\0\u0001\ud800-\uffff]/;
/** Stands before each UTF-16 unit from 0xd800 on. It is the first character of its order that is no half of a pair. */
const highMark = '\ue000';
const lowMark = '\u0001';
/** Where the units from 0xd800 on are moved to. */
const highBase = 0x100;

/**
 * A text that Postgres can hold and orders by its bytes as JavaScript orders the given one, unit by unit of UTF-16: Postgres
 * takes neither U+0000 nor half a pair, and orders by code points. Most texts stay as they are; different ones stay different.
 */
export const toSqlText = (text: string): string => {
  if (!special.test(text)) return text;
  let encoded = '';
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0xd800) encoded += highMark + String.fromCharCode(highBase + unit - 0xd800);
    else if (unit <= 1) encoded += lowMark + String.fromCharCode(unit + 1);
    else encoded += text[i];
  }
  return encoded;
};

/** A value of metadata or of a filter as JSON. Numbers that JSON does not know stand for the same order beyond all doubles. */
export const jsonOf = (value: unknown): string => {
  if (typeof value === 'string') return JSON.stringify(toSqlText(value));
  if (Array.isArray(value)) return `[${value.map(jsonOf).join(',')}]`;
  if (value === Infinity) return '1e400';
  if (value === -Infinity) return '-1e400';
  return JSON.stringify(value);
};

/** Metadata as JSON for filters to look at. Written by hand: `__proto__` is a name like any other. */
export const metadataJson = (metadata: Metadata = {}): string =>
  `{${Object.entries(metadata)
    .map(([field, value]) => `${jsonOf(field)}:${jsonOf(value)}`)
    .join(',')}}`;

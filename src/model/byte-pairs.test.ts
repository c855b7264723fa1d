import { get_encoding } from 'tiktoken';
import * as module from 'tiktoken/encoders/o200k_base';
import { afterAll, describe, expect, it } from 'vitest';
import { bytePairCounter } from './byte-pairs.js';
import { tableOf } from './encoding.js';

const reference = get_encoding('o200k_base');
afterAll(() => reference.free());
const table = tableOf(module);
const count = await bytePairCounter(table);

/** Every so-manieth code point that is no half of a surrogate pair. */
const codePoints = (step: number): readonly string[] =>
  Array.from({ length: Math.ceil(0x11_0000 / step) }, (_, at) => at * step)
    .filter((code) => code < 0xd800 || code > 0xdfff)
    .map((code) => String.fromCodePoint(code));

describe('bytePairCounter', () => {
  it('counts as tiktoken does around characters of every kind', () => {
    for (const one of codePoints(61)) {
      for (const text of [`ab${one}cd`, ` ${one}${one}1${one} x\n`]) {
        expect(count(text), text).toBe(reference.encode_ordinary(text).length);
      }
    }
  });

  it('cuts contractions and white space as Rust does', () => {
    for (const text of [
      "IT'S don't we'LL",
      "it'\u017f x",
      'a\u0085b\u0085\u0085',
      'a\ufeff b',
      '  \n \r\n/x',
      '   word',
    ]) {
      expect(count(text), text).toBe(reference.encode_ordinary(text).length);
    }
  });

  it('gives the event loop its turns while it reads the table', async () => {
    let turns = 0;
    let isDone = false;
    const tick = (): void => {
      turns += 1;
      if (!isDone) setImmediate(tick);
    };
    setImmediate(tick);
    await bytePairCounter(table);
    isDone = true;
    expect(turns).toBeGreaterThan(2);
  });
});

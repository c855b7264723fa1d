import { PipewrightError } from '../../core/index.js';
import { type ListFunction, listFunctions, numberFunctions } from './functions.js';

/** Longer or deeper texts are no sums that somebody meant. */
const maxLength = 10_000;
const maxDepth = 200;

interface Token {
  readonly kind: 'number' | 'name' | 'sign' | 'end';
  readonly text: string;
  readonly at: number;
}

const tokenPattern =
  /\s*(?:(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)|([A-Za-z_][A-Za-z_0-9]*)|(\*\*|[-+*/%^!(),[\]×÷·−√]))/uy;

const signs: Readonly<Record<string, string>> = { '×': '*', '·': '*', '÷': '/', '−': '-', '**': '^' };

const wrong = (text: string, at: number, what: string): PipewrightError => {
  const place = at >= text.length ? 'at its end' : `at \`${text.slice(at, at + 20)}\``;
  return new PipewrightError('bad-input', `"${text.slice(0, 200)}" cannot be calculated: ${what} ${place}.`);
};

const tokensOf = (text: string): readonly Token[] => {
  const tokens: Token[] = [];
  const { length } = text.trimEnd();
  let at = 0;
  while (at < length) {
    tokenPattern.lastIndex = at;
    const match = tokenPattern.exec(text);
    if (match === null) throw wrong(text, at, 'there is something that is no part of a sum');
    const [whole, number, name, sign = ''] = match;
    const start = at + whole.length - whole.trimStart().length;
    if (number !== undefined) tokens.push({ kind: 'number', text: number, at: start });
    else if (name !== undefined) tokens.push({ kind: 'name', text: name.toLowerCase(), at: start });
    else tokens.push({ kind: 'sign', text: signs[sign] ?? sign, at: start });
    at = tokenPattern.lastIndex;
  }
  tokens.push({ kind: 'end', text: '', at: text.length });
  return tokens;
};

type Value = number | readonly number[];

const constants: ReadonlyMap<string, number> = new Map([
  ['pi', Math.PI],
  ['e', Math.E],
  ['tau', 2 * Math.PI],
]);

const factorial = (n: number): number => {
  let product = 1;
  for (let factor = 2; factor <= n; factor++) product *= factor;
  return product;
};

/** Reads a sum by recursive descent, from the loosest operators to the tightest. */
class Reader {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = tokensOf(text);
  }

  whole(): number {
    const value = this.#number(this.#sum());
    if (this.#peek().kind !== 'end') throw this.#wrong('there is more than one sum');
    return value;
  }

  #peek(): Token {
    return this.#tokens[this.#next] as Token;
  }

  #wrong(what: string): PipewrightError {
    return wrong(this.#text, this.#peek().at, what);
  }

  #takes(...texts: readonly string[]): string | undefined {
    const { kind, text } = this.#peek();
    if (kind !== 'sign' || !texts.includes(text)) return undefined;
    this.#next++;
    return text;
  }

  #expect(text: string): void {
    if (this.#takes(text) === undefined) throw this.#wrong(`\`${text}\` is missing`);
  }

  #number(value: Value): number {
    if (typeof value === 'number') return value;
    throw this.#wrong('a list stands where a number must be');
  }

  #sum(): Value {
    if (++this.#depth > maxDepth) throw this.#wrong('there are too many brackets');
    let value = this.#product();
    for (let sign = this.#takes('+', '-'); sign !== undefined; sign = this.#takes('+', '-')) {
      const [left, right] = [this.#number(value), this.#number(this.#product())];
      value = sign === '+' ? left + right : left - right;
    }
    this.#depth--;
    return value;
  }

  #product(): Value {
    let value = this.#signed();
    for (let sign = this.#takes('*', '/', '%'); sign !== undefined; sign = this.#takes('*', '/', '%')) {
      const [left, right] = [this.#number(value), this.#number(this.#signed())];
      if (right === 0 && sign !== '*') throw this.#wrong('it divides by zero');
      value = sign === '*' ? left * right : sign === '/' ? left / right : left % right;
    }
    return value;
  }

  /** A sign binds looser than a power: -2^2 is -4. */
  #signed(): Value {
    let isNegative = false;
    let hasSign = false;
    for (let sign = this.#takes('+', '-'); sign !== undefined; sign = this.#takes('+', '-')) {
      hasSign = true;
      if (sign === '-') isNegative = !isNegative;
    }
    const value = this.#power();
    if (!hasSign) return value;
    return isNegative ? -this.#number(value) : this.#number(value);
  }

  #power(): Value {
    const base = this.#after();
    if (this.#takes('^') === undefined) return base;
    if (++this.#depth > maxDepth) throw this.#wrong('there are too many powers');
    // From the right: 2^3^2 is 2^9.
    const value = this.#number(base) ** this.#number(this.#signed());
    this.#depth--;
    return value;
  }

  #after(): Value {
    let value = this.#atom();
    while (this.#takes('!') !== undefined) {
      const of = this.#number(value);
      if (!Number.isInteger(of) || of < 0 || of > 170) throw this.#wrong('`!` takes whole numbers from 0 to 170');
      value = factorial(of);
    }
    return value;
  }

  #atom(): Value {
    const { kind, text } = this.#peek();
    if (kind === 'number') {
      this.#next++;
      return Number(text);
    }
    if (kind === 'name') return this.#named();
    if (this.#takes('√') !== undefined) return Math.sqrt(this.#number(this.#atom()));
    if (this.#takes('[') !== undefined) return this.#list(']');
    this.#expect('(');
    const value = this.#sum();
    this.#expect(')');
    return value;
  }

  #list(end: ')' | ']', sizes: number[] = []): readonly number[] {
    const values: number[] = [];
    while (this.#takes(end) === undefined) {
      if (values.length > 0) this.#expect(',');
      const value = this.#sum();
      // `mean([1, 2])` is `mean(1, 2)`.
      if (typeof value === 'number') values.push(value);
      else values.push(...value);
      sizes.push(typeof value === 'number' ? 1 : value.length);
    }
    return values;
  }

  #named(): Value {
    const { text: name } = this.#peek();
    const ofNumber = numberFunctions.get(name);
    const ofList: ListFunction | undefined = listFunctions.get(name);
    const constant = constants.get(name);
    if (ofNumber === undefined && ofList === undefined && constant === undefined) {
      throw this.#wrong(`\`${name}\` is not known`);
    }
    this.#next++;
    if (constant !== undefined) return constant;
    this.#expect('(');
    const sizes: number[] = [];
    const values = this.#list(')', sizes);
    const [first] = values;
    if (ofNumber !== undefined && (first === undefined || values.length !== 1)) {
      throw this.#wrong(`\`${name}\` takes one number`);
    }
    if (ofNumber !== undefined) return ofNumber(first as number);
    if (ofList === undefined || values.length < ofList.least || values.length > ofList.most) {
      throw this.#wrong(`\`${name}\` takes ${ofList?.least} to ${ofList?.most} numbers`);
    }
    if (ofList.isOfPairs === true && (sizes.length !== 2 || sizes[0] !== sizes[1])) {
      throw this.#wrong(`\`${name}\` takes two lists of one length`);
    }
    return ofList.of(values);
  }
}

/**
 * The value of a sum written in plain text. Nothing is run: the text is read by a grammar of numbers, operators and a list of
 * functions.
 * @throws {PipewrightError} `bad-input` that quotes the place; also for what has no finite value.
 */
export const calculate = (text: string): number => {
  if (text.length > maxLength) {
    throw new PipewrightError('bad-input', `A sum may have ${maxLength} characters, this one has ${text.length}.`);
  }
  const value = new Reader(text).whole();
  if (!Number.isFinite(value)) throw wrong(text, text.length, 'it has no finite value');
  // The last digits of a binary fraction are noise: 0.1 + 0.2 is 0.3.
  return Number(value.toPrecision(15));
};

import { setOwn } from './own-property.js';

export interface PartialJsonOptions {
  /** Leave out a text value until its closing quote has come: then no scalar that you see changes. @default false */
  readonly onlyComplete?: boolean;
}

/** Reads a JSON document that arrives in pieces. */
export interface PartialJson {
  /** Takes the next piece of the text. Costs what the piece costs, however long the document is. Never throws. */
  readonly push: (text: string) => void;
  /** Says that the text is over: a number at the root is complete only then. */
  readonly finish: () => void;
  /**
   * What has come so far; undefined before the first value. It is one object that grows with each push: objects and lists gain
   * members, texts get longer; numbers, `true`, `false` and `null` appear when they are whole. `structuredClone` keeps a state.
   */
  readonly value: unknown;
  /** `broken` when what came is no JSON; `value` then stays as it was. */
  readonly state: 'open' | 'complete' | 'broken';
}

type Mode =
  | 'start'
  | 'prose'
  | 'value'
  | 'key'
  | 'string'
  | 'escape'
  | 'colon'
  | 'comma'
  | 'scalar'
  | 'complete'
  | 'broken';

/** An open object or list, and the key or index that is being written. */
interface Frame {
  readonly container: object;
  readonly isList: boolean;
  key: string;
  index: number;
}

interface Machine {
  mode: Mode;
  root: unknown;
  readonly frames: Frame[];
  isKey: boolean;
  /** The string or scalar that is being read. It is only ever added to: looking into it would cost its length each time. */
  token: string;
  /** Half of a surrogate pair, which waits for its other half. */
  half: string;
  escape: string;
}

const put = (machine: Machine, value: unknown): void => {
  const frame = machine.frames.at(-1);
  if (frame === undefined) machine.root = value;
  else if (frame.isList) (frame.container as unknown[])[frame.index] = value;
  else setOwn(frame.container, frame.key, value);
};

/** The value at the place of writing is whole. */
const close = (machine: Machine): void => {
  const frame = machine.frames.at(-1);
  if (frame !== undefined) frame.index += 1;
  machine.mode = frame === undefined ? 'complete' : 'comma';
};

const open = (machine: Machine, isList: boolean): void => {
  const container = isList ? [] : {};
  put(machine, container);
  machine.frames.push({ container, isList, key: '', index: 0 });
  machine.mode = isList ? 'value' : 'key';
};

const openString = (machine: Machine, isKey: boolean): void => {
  machine.mode = 'string';
  machine.isKey = isKey;
  machine.token = '';
  machine.half = '';
};

const addText = (machine: Machine, text: string): void => {
  if (text === '') return;
  const last = text.charCodeAt(text.length - 1);
  const isHalf = last >= 0xd800 && last <= 0xdbff;
  machine.token += machine.half + (isHalf ? text.slice(0, -1) : text);
  machine.half = isHalf ? text.slice(-1) : '';
};

const closeContainer = (machine: Machine, isList: boolean): void => {
  if (machine.frames.at(-1)?.isList !== isList) {
    machine.mode = 'broken';
    return;
  }
  machine.frames.pop();
  close(machine);
};

const isBlank = (character: string): boolean =>
  character === ' ' || character === '\n' || character === '\r' || character === '\t';

const literals: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['true', true],
  ['false', false],
  ['null', null],
]);
const numberPattern = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/u;
const endOfScalar = /[\s,\]}:"[{]/gu;
const endOfPlain = /["\\]/gu;

/** Where the pattern is found next, or the end of the piece. */
const find = (pattern: RegExp, text: string, at: number): number => {
  pattern.lastIndex = at;
  return pattern.exec(text)?.index ?? text.length;
};

const closeScalar = (machine: Machine): void => {
  const { token } = machine;
  if (literals.has(token)) put(machine, literals.get(token));
  else if (numberPattern.test(token)) put(machine, Number(token));
  else {
    // At the root it was a word before the document.
    machine.mode = machine.frames.length === 0 ? 'prose' : 'broken';
    return;
  }
  close(machine);
};

/** Begins a value with its first character. */
const beginValue = (machine: Machine, character: string): void => {
  if (character === '{') open(machine, false);
  else if (character === '[') open(machine, true);
  else if (character === '"') openString(machine, false);
  else if (character === ']') closeContainer(machine, true);
  else if (/[-\dtfn]/u.test(character)) {
    machine.mode = 'scalar';
    machine.token = character;
  } else machine.mode = machine.frames.length === 0 ? 'prose' : 'broken';
};

const takeString = (machine: Machine, text: string, at: number): number => {
  const end = find(endOfPlain, text, at);
  addText(machine, text.slice(at, end));
  if (end === text.length) return end;
  if (text.charAt(end) === '\\') {
    machine.mode = 'escape';
    machine.escape = '';
    return end + 1;
  }
  machine.token += machine.half;
  if (machine.isKey) {
    const frame = machine.frames.at(-1);
    if (frame !== undefined) frame.key = machine.token;
    machine.mode = 'colon';
  } else {
    put(machine, machine.token);
    close(machine);
  }
  return end + 1;
};

const takeEscape = (machine: Machine, character: string): void => {
  machine.escape += character;
  if (machine.escape.startsWith('u') && machine.escape.length < 5) return;
  try {
    addText(machine, JSON.parse(`"\\${machine.escape}"`) as string);
    machine.mode = 'string';
  } catch {
    // Not an escape that JSON knows.
    machine.mode = 'broken';
  }
};

const takeScalar = (machine: Machine, text: string, at: number): number => {
  const end = find(endOfScalar, text, at);
  machine.token += text.slice(at, end);
  if (end < text.length || literals.has(machine.token)) closeScalar(machine);
  return end;
};

/** The modes that read one character at a time. */
const takeCharacter = (machine: Machine, character: string): void => {
  const { mode } = machine;
  if (mode === 'escape') takeEscape(machine, character);
  else if (mode === 'prose') {
    if (character === '{' || character === '[') beginValue(machine, character);
  } else if (isBlank(character)) return;
  else if (mode === 'start' || mode === 'value') beginValue(machine, character);
  else if (mode === 'key' && character === '"') openString(machine, true);
  else if (mode === 'colon' && character === ':') machine.mode = 'value';
  else if (mode === 'comma' && character === ',')
    machine.mode = machine.frames.at(-1)?.isList === true ? 'value' : 'key';
  else if ((mode === 'key' || mode === 'comma') && character === '}') closeContainer(machine, false);
  else if (mode === 'comma' && character === ']') closeContainer(machine, true);
  else machine.mode = 'broken';
};

const step = (machine: Machine, text: string, at: number): number => {
  if (machine.mode === 'complete' || machine.mode === 'broken') return text.length;
  if (machine.mode === 'string') return takeString(machine, text, at);
  if (machine.mode === 'scalar') return takeScalar(machine, text, at);
  takeCharacter(machine, text.charAt(at));
  return at + 1;
};

/**
 * Reads a JSON document while it arrives: after each piece `value` holds what is certain so far. Nothing is invented: a number
 * that may still get digits, a key without a value and half an escape are not shown. Words and fences before and behind the
 * document are overlooked.
 * @example
 * const json = partialJson();
 * json.push('{"title": "Ham');
 * json.value; // => { title: 'Ham' }
 */
export const partialJson = (options: PartialJsonOptions = {}): PartialJson => {
  const { onlyComplete = false } = options;
  const machine: Machine = {
    mode: 'start',
    root: undefined,
    frames: [],
    isKey: false,
    token: '',
    half: '',
    escape: '',
  };
  return {
    push: (text) => {
      for (let at = 0; at < text.length; ) at = step(machine, text, at);
      const isInText = (machine.mode === 'string' || machine.mode === 'escape') && !machine.isKey;
      if (isInText && !onlyComplete) put(machine, machine.token);
    },
    finish: () => {
      if (machine.mode === 'scalar') closeScalar(machine);
    },
    get value() {
      return machine.root;
    },
    get state() {
      return machine.mode === 'complete' || machine.mode === 'broken' ? machine.mode : 'open';
    },
  };
};

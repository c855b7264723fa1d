/** Longer than any number, date or name: what is longer is compared by its words alone, so that hostile texts cost nothing. */
export const longestValue = 2_000;

const superscripts = '⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺';
const plainDigits = '0123456789-+';

/** How often a pass that takes braces off from the inside is done: deeper nesting is no answer. */
const maxNesting = 6;

const untilStable = (text: string, pass: (text: string) => string): string => {
  let before = text;
  for (let round = 0; round < maxNesting; round++) {
    const after = pass(before);
    if (after === before) break;
    before = after;
  }
  return before;
};

const wrapped =
  /\\(?:text|textbf|textit|textrm|mathrm|mathbf|mathit|mathsf|mbox|operatorname|boxed|fbox|underline|emph)\s?\{([^{}]*)\}/gu;
const fraction = /\\[dtc]?frac\s?\{([^{}]*)\}\s?\{([^{}]*)\}/gu;
const shortFraction = /\\[dtc]?frac\s?(\d)\s?(\d)/gu;

const isSimple = (text: string): boolean => /^[\w.]*$/u.test(text);
/** A space keeps `3\frac{1}{2}` from becoming 31/2; a sign stays with its number. */
const quotient = (_: string, top: string, bottom: string, at: number, text: string): string => {
  const [a, b] = [top.trim(), bottom.trim()];
  const space = /[\w}]/u.test(text[at - 1] ?? '') ? ' ' : '';
  return `${space}${isSimple(a) ? a : `(${a})`}/${isSimple(b) ? b : `(${b})`} `;
};

const symbols: readonly (readonly [RegExp, string])[] = [
  [/\{,\}/gu, ','],
  [/\\[!,;: ]/gu, ' '],
  [/\\(?:left|right|displaystyle)(?![a-z])/gu, ''],
  [/\^\s?\{?\s?(?:\\circ|°)\s?\}?/gu, ' degrees '],
  [/°/gu, ' degrees '],
  [/\\(?:times|cdot)(?![a-z])/gu, '×'],
  [/\\\\/gu, ' '],
  [/\\([%$#&_{}])/gu, '$1'],
  [/\\[()[\]]/gu, ''],
  [/\\([a-z]+)/giu, ' $1 '],
];

const withoutLatex = (text: string): string => {
  if (!/[\\^{°]/u.test(text)) return text;
  const opened = untilStable(text, (each) =>
    each.replace(wrapped, '$1').replace(fraction, quotient).replace(shortFraction, quotient),
  );
  return symbols.reduce((each, [pattern, to]) => each.replace(pattern, to), opened);
};

/** Markdown and delimiters around a text: `**x**`, `__x__`, `` `x` ``, `$x$`, quotes. */
const around: readonly (readonly [opening: string, closing: string])[] = [
  ['**', '**'],
  ['__', '__'],
  ['$$', '$$'],
  ['$', '$'],
  ['`', '`'],
  ['\\(', '\\)'],
  ['\\[', '\\]'],
  ['*', '*'],
  ['"', '"'],
  ["'", "'"],
  ['“', '”'],
  ['„', '“'],
  ['«', '»'],
];

const oneLayerLess = (text: string): string => {
  const trimmed = text.trim();
  for (const [opening, closing] of around) {
    const isAround =
      trimmed.length > opening.length + closing.length && trimmed.startsWith(opening) && trimmed.endsWith(closing);
    if (!isAround) continue;
    const inner = trimmed.slice(opening.length, -closing.length);
    // `"a" and "b"` has no pair around it.
    if (!inner.includes(opening) && !inner.includes(closing)) return inner;
  }
  return trimmed;
};

/** Marks of Markdown that lost their other half when the answer was cut out, and the full stop. */
const looseEnds = /^(?:[*_]{1,3}(?=[^*_\s]))|(?:(?<=[^*_\s])[*_]{1,3})$/gu;

/** An answer as a person would copy it: without the marks around it and without a full stop at its end. */
export const trimAnswer = (text: string): string => {
  if (text.length > longestValue) return text.trim();
  return untilStable(text.trim(), (each) => {
    const bare = oneLayerLess(each);
    const cut = bare.endsWith('.') && !bare.endsWith('..') ? bare.slice(0, -1) : bare;
    const isPaired = cut.replace(looseEnds, '').search(/\*\*|__/u) >= 0;
    return (isPaired ? cut : cut.replace(looseEnds, '')).trim();
  });
};

/**
 * The answer in plain characters: LaTeX and Markdown gone, digits, signs and spaces in their usual form. At most `longestValue`
 * characters are looked at; a longer text comes back as it is.
 */
export const plainAnswer = (text: string): string => {
  if (text.length > longestValue) return text;
  const raised = trimAnswer(text)
    .replace(
      /[⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺]+/gu,
      (run) => `^${[...run].map((each) => plainDigits[superscripts.indexOf(each)]).join('')}`,
    )
    .replace(/(?=[\u00bc-\u00be\u2150-\u215e])/gu, ' ');
  return withoutLatex(raised)
    .normalize('NFKC')
    .replaceAll('⁄', '/')
    .replace(/[−–‒]/gu, '-')
    .replace(/[‘’]/gu, "'")
    .replace(/\*\*|__/gu, '')
    .replace(/\s+/gu, ' ')
    .trim();
};

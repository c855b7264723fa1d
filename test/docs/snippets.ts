import type { Source } from '../../scripts/check/source.js';

/** A fenced block of a page. */
export interface Snippet {
  readonly path: string;
  /** Line of its first line of code, from 1. */
  readonly line: number;
  readonly language: string;
  /** Words behind the language: `no-run` for code that needs a key or a server; it is type-checked all the same. */
  readonly flags: readonly string[];
  readonly code: string;
}

export const snippetsOf = ({ path, text }: Source): readonly Snippet[] =>
  [...text.matchAll(/^```([^\n]*)\n([\s\S]*?)^```\s*$/gm)].map((match) => {
    const [language = '', ...flags] = (match[1] ?? '').trim().split(/\s+/);
    return { path, line: text.slice(0, match.index).split('\n').length + 1, language, flags, code: match[2] ?? '' };
  });

/** What a snippet says that it prints, line by line: `console.log(x); // => 12`. */
export const promisedOutput = (code: string): readonly string[] =>
  [...code.matchAll(/\/\/ => (.+)$/gm)].map((match) => (match[1] ?? '').trim());

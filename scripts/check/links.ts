import { existsSync } from 'node:fs';
import { join, posix } from 'node:path';
import type { Problem, Source } from './source.js';

const fence = /^(```+|~~~+)[\s\S]*?^\1\s*$/gm;
/** Code is blanked, not cut, so that lines keep their numbers. */
const withoutCode = (text: string): string =>
  text.replace(fence, (code) => code.replace(/[^\n]/g, ' ')).replace(/`[^`\n]*`/g, (code) => ' '.repeat(code.length));

/** The anchor that GitHub makes of a heading. */
const anchorOf = (heading: string): string =>
  heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-');

const anchorsOf = (text: string): ReadonlySet<string> =>
  new Set([...text.replace(fence, '').matchAll(/^#{1,6}\s+(.+)$/gm)].map((match) => anchorOf(match[1] ?? '')));

/** Holds relative links in Markdown to files and headings that exist. */
export const checkLinks = (root: string, pages: readonly Source[]): readonly Problem[] => {
  const textOf = new Map(pages.map(({ path, text }) => [path, text]));
  return pages.flatMap(({ path, text }) =>
    [...withoutCode(text).matchAll(/\]\(([^)\s]+)[^)]*\)/g)].flatMap((match) => {
      const link = match[1] ?? '';
      if (/^[a-z]+:/i.test(link)) return [];
      const line = text.slice(0, match.index).split('\n').length;
      const [file = '', anchor] = link.split('#');
      const target = file === '' ? path : posix.join(posix.dirname(path), file);
      if (!textOf.has(target) && !existsSync(join(root, target)))
        return [{ path, line, message: `links to ${link}, which does not exist.` }];
      const page = textOf.get(target);
      if (anchor === undefined || page === undefined || anchorsOf(page).has(anchor)) return [];
      return [{ path, line, message: `links to ${link}, but ${target} has no such heading.` }];
    }),
  );
};

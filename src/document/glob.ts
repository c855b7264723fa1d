/** Whether a path is a pattern: it has `*`, `?`, `[` or `{`. */
export const isGlob = (path: string): boolean => /[*?[{]/.test(path);

/** The folders of a pattern before its first wildcard; `.` when there are none. */
export const globRoot = (pattern: string): string => {
  const parts = pattern.split('/');
  const first = parts.findIndex(isGlob);
  const root = parts.slice(0, first).join('/');
  if (root !== '') return root;
  return pattern.startsWith('/') ? '/' : '.';
};

/**
 * A pattern as a regular expression for whole paths: `*` and `?` stay inside a folder, `**` goes through folders, `{a,b}` is one of
 * several, `[abc]` and `[!abc]` are one letter.
 */
export const globToRegExp = (pattern: string): RegExp => {
  let source = '';
  let depth = 0;
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern.charAt(at);
    if (pattern.startsWith('**', at)) {
      while (pattern[at + 1] === '*') at++;
      const isFolders = pattern[at + 1] === '/';
      if (isFolders) at++;
      source += isFolders ? '(?:[^/]+/)*' : '.*';
    } else if (char === '*') source += '[^/]*';
    else if (char === '?') source += '[^/]';
    else if (char === '{' && pattern.includes('}', at)) {
      depth++;
      source += '(?:';
    } else if (char === '}' && depth > 0) {
      depth--;
      source += ')';
    } else if (char === ',' && depth > 0) source += '|';
    else if (char === '[' && pattern.includes(']', at + 2)) {
      const end = pattern.indexOf(']', at + 2);
      const inner = pattern
        .slice(at + 1, end)
        .replaceAll('\\', '\\\\')
        .replace(/^!/, '^');
      source += `[${inner}]`;
      at = end;
    } else source += char.replace(/[.*+?^${}()|[\]\\]/, '\\$&');
  }
  return new RegExp(`^${source}${')'.repeat(depth)}$`, 'u');
};

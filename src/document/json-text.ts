/** A value as lines of `path: value`, an empty line between records; what is empty is left out. */
export const jsonText = (root: unknown): string => {
  const lines: string[] = [];
  // A stack of its own: a deeply nested file must not overflow that of the program.
  const stack: Pending[] = [{ path: '', value: root, isRecord: false }];
  for (let pending = stack.pop(); pending !== undefined; pending = stack.pop()) {
    const { path, value, isRecord } = pending;
    if (isRecord && lines.length > 0 && lines.at(-1) !== '') lines.push('');
    const children = childrenOf(path, value);
    const text = children === undefined ? scalarText(value) : '';
    if (text !== '') lines.push(path === '' ? text : `${path}: ${text}`);
    for (const child of (children ?? []).toReversed()) stack.push(child);
  }
  return lines.join('\n');
};

interface Pending {
  readonly path: string;
  readonly value: unknown;
  /** Whether it is an object in a list, which stands apart. */
  readonly isRecord: boolean;
}

const isContainer = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** What is inside a list or object; undefined for what is written on one line: scalars, empty ones, and lists of scalars. */
const childrenOf = (path: string, value: unknown): readonly Pending[] | undefined => {
  if (Array.isArray(value)) {
    if (!value.some(isContainer)) return undefined;
    return value.map((item, index) => ({ path: `${path}[${index}]`, value: item, isRecord: isContainer(item) }));
  }
  if (!isContainer(value)) return undefined;
  const entries = Object.entries(value);
  if (entries.length === 0) return undefined;
  const prefix = path === '' ? '' : `${path}.`;
  return entries.map(([key, item]) => ({ path: `${prefix}${key}`, value: item, isRecord: false }));
};

const scalarText = (value: unknown): string => {
  if (Array.isArray(value)) return value.map(String).join(', ');
  return isContainer(value) ? '' : String(value);
};

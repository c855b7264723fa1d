import { loadOptional } from '../core/index.js';

/** The part of a DOM element that the rules need. */
export interface HtmlNode {
  readonly nodeName: string;
  readonly textContent: string | null;
  readonly getAttribute: (name: string) => string | null;
  readonly querySelector: (selector: string) => HtmlNode | null;
  readonly querySelectorAll: (selector: string) => Iterable<HtmlNode>;
  readonly setAttribute: (name: string, value: string) => void;
  readonly closest: (selector: string) => HtmlNode | null;
}

/** How one kind of element is written, instead of the usual way. */
export interface MarkdownRule {
  readonly matches: (node: HtmlNode) => boolean;
  readonly write: (content: string, node: HtmlNode) => string;
}

export interface ToMarkdownOptions {
  /** Address of the page, which relative links are resolved against. */
  readonly baseUrl?: string | undefined;
  /** Go before the built-in rules. */
  readonly rules?: readonly MarkdownRule[];
}

const isNamed =
  (...names: readonly string[]) =>
  (node: HtmlNode): boolean =>
    names.includes(node.nodeName);

/** Whether a table holds data; one that holds other tables, or one cell per row, only arranges the page. */
const isDataTable = (table: HtmlNode): boolean => {
  if (table.querySelector('table') !== null) return false;
  for (const row of table.querySelectorAll('tr')) if (columnsOf(row) > 1) return true;
  return false;
};

const spanOf = (cell: HtmlNode): number => {
  const span = Number(cell.getAttribute('colspan') ?? 1);
  return Number.isInteger(span) && span >= 1 && span <= maxSpan ? span : 1;
};
const maxSpan = 100;

const columnsOf = (row: HtmlNode): number => {
  let columns = 0;
  for (const cell of row.querySelectorAll('td, th')) columns += spanOf(cell);
  return columns;
};

/** Set on the tables that hold data; an attribute, because turndown works on a copy of the nodes. */
const dataMark = 'data-is-table';

const isInData = (node: HtmlNode): boolean => node.closest('table')?.getAttribute(dataMark) === 'yes';

const tableRules: readonly MarkdownRule[] = [
  {
    matches: (node) => isNamed('TD', 'TH')(node) && isInData(node),
    write: (content, node) => {
      const text = content
        .trim()
        .replace(/\s*\n\s*/g, ' ')
        .replaceAll('|', '\\|');
      return ` ${text} |${'  |'.repeat(spanOf(node) - 1)}`;
    },
  },
  { matches: (node) => isNamed('TR')(node) && isInData(node), write: (content) => `|${content}\n` },
  { matches: isNamed('THEAD', 'TBODY', 'TFOOT'), write: (content) => content },
  { matches: (node) => isNamed('CAPTION')(node) && isInData(node), write: () => '' },
  {
    matches: (node) => isNamed('TABLE')(node) && isInData(node),
    write: (content, node) => {
      const [header = '', ...rows] = content.split('\n').filter((line) => line.startsWith('|'));
      const first = node.querySelector('tr');
      const rule = `|${' --- |'.repeat(first === null ? 1 : columnsOf(first))}`;
      const caption = node.querySelector('caption')?.textContent?.trim() ?? '';
      return `\n\n${[...(caption === '' ? [] : [caption, '']), header, rule, ...rows].join('\n')}\n\n`;
    },
  },
];

const absoluteUrl = (url: string, baseUrl: string | undefined): string => {
  const base = baseUrl !== undefined && URL.canParse(baseUrl) ? baseUrl : undefined;
  return URL.canParse(url, base) ? new URL(url, base).href : url;
};

const linkRules = (baseUrl: string | undefined): readonly MarkdownRule[] => [
  {
    matches: isNamed('A'),
    write: (content, node) => {
      const href = node.getAttribute('href') ?? '';
      const text = content.trim();
      // A link inside the page, or one that runs code, says nothing to a reader of the text.
      if (text === '' || href === '' || /^(?:#|javascript:)/i.test(href)) return content;
      return `[${text.replace(/\s*\n\s*/g, ' ')}](${absoluteUrl(href, baseUrl)})`;
    },
  },
  {
    matches: isNamed('IMG'),
    write: (_content, node) => {
      const alt = node.getAttribute('alt')?.trim() ?? '';
      const src = node.getAttribute('src') ?? '';
      if (alt === '') return '';
      return `![${alt}](${/^data:/i.test(src) ? '' : absoluteUrl(src, baseUrl)})`;
    },
  },
];

/** Turns an element into Markdown. The text keeps its letters: only what would change a line's meaning is escaped. */
export const toMarkdown = async (root: object, options: ToMarkdownOptions = {}): Promise<string> => {
  const { default: TurndownService } = await loadOptional(
    'turndown',
    'turning HTML into Markdown',
    () => import('turndown'),
  );
  const service = new TurndownService({
    headingStyle: 'atx',
    codeBlockStyle: 'fenced',
    bulletListMarker: '-',
    hr: '---',
  });
  // The usual escapes (`snake\_case`, `1\.`) would keep a search from finding the words.
  service.escape = (text) => text.replace(/^(\s*)(#{1,6}\s|>|```|~~~)/, '$1\\$2');
  const element = root as HtmlNode;
  for (const table of element.querySelectorAll('table')) if (isDataTable(table)) table.setAttribute(dataMark, 'yes');
  const rules = [...(options.rules ?? []), ...tableRules, ...linkRules(options.baseUrl)];
  for (const [index, rule] of [...rules.entries()].reverse()) {
    service.addRule(`rule-${index}`, {
      filter: (node) => rule.matches(node as unknown as HtmlNode),
      replacement: (content, node) => rule.write(content, node as unknown as HtmlNode),
    });
  }
  const markdown = service.turndown(root as HTMLElement);
  return markdown
    .replace(/[^\S\n]+\n/g, '\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
};

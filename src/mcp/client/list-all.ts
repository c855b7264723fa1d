import type { Client } from '@modelcontextprotocol/client';
import { PipewrightError } from '../../core/index.js';

/** More than any server has that means well. */
const maxItems = 2_000;
const maxPages = 100;

interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor?: string | undefined;
}

/** All items of a list that comes in pages. A server that has no end of them is refused. */
export const listAll = async <T>(
  what: string,
  page: (cursor: { readonly cursor?: string }) => Promise<Page<T>>,
): Promise<readonly T[]> => {
  const all: T[] = [];
  let cursor: string | undefined;
  for (let pages = 1; ; pages += 1) {
    const { items, nextCursor } = await page(cursor === undefined ? {} : { cursor });
    all.push(...items);
    if (all.length > maxItems || pages >= maxPages) {
      const message = `The MCP server lists more than ${maxItems} ${what}, or has no end of pages. It is refused.`;
      throw new PipewrightError('output-invalid', message);
    }
    if (nextCursor === undefined || nextCursor === cursor) return all;
    cursor = nextCursor;
  }
};

type Listed = 'tools' | 'resources' | 'prompts';

/** Whether the server has any of these; one that has none may refuse to list them. */
export const has = (client: Client, what: Listed): boolean => client.getServerCapabilities()?.[what] !== undefined;

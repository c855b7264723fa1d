import type { Block } from './thinking.js';

/** What is in beta: a header switches it on, and these say which bodies need it. */
interface Beta {
  readonly name: string;
  readonly isNeeded: (body: Block) => boolean;
}

const has =
  (...fields: readonly string[]) =>
  (body: Block): boolean =>
    fields.some((field) => body[field] !== undefined && body[field] !== null);

const hasTool =
  (names: RegExp) =>
  ({ tools }: Block): boolean =>
    Array.isArray(tools) && tools.some(({ type }: Block) => typeof type === 'string' && names.test(type));

const hasEdit =
  (names: RegExp) =>
  ({ context_management }: Block): boolean =>
    names.test(JSON.stringify(context_management) ?? '');

/** From the feature pages of platform.claude.com and the types of `@anthropic-ai/sdk` 1.11, November 2026. */
const betas: readonly Beta[] = [
  { name: 'mcp-client-2025-11-20', isNeeded: hasTool(/^mcp_toolset$/) },
  { name: 'mcp-client-2025-04-04', isNeeded: (body) => has('mcp_servers')(body) && !hasTool(/^mcp_toolset$/)(body) },
  { name: 'context-management-2025-06-27', isNeeded: has('context_management') },
  { name: 'compact-2026-01-12', isNeeded: hasEdit(/"compact_20260112"/) },
  { name: 'computer-use-2025-01-24', isNeeded: hasTool(/^computer_20250124$/) },
  { name: 'computer-use-2025-11-24', isNeeded: hasTool(/^computer_20251124$/) },
  { name: 'advisor-tool-2026-03-01', isNeeded: hasTool(/^advisor_20260301$/) },
  { name: 'fast-mode-2026-02-01', isNeeded: (body) => body.speed === 'fast' },
  { name: 'structured-outputs-2025-11-13', isNeeded: has('output_format') },
];

/** Thinking between tool calls, for models that do it only when asked. */
export const interleavedThinking = 'interleaved-thinking-2025-05-14';

/** The names of the betas that a body needs. */
export const betasOf = (body: Block): readonly string[] =>
  betas.filter(({ isNeeded }) => isNeeded(body)).map(({ name }) => name);

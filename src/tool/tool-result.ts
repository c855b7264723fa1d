import {
  isPipewrightError,
  type Json,
  messageOf,
  scrubText,
  toJson,
  type ToolCallPart,
  type ToolResultPart,
} from '../core/index.js';
import type { Tool } from './tool.js';

/** What is shown of a failure: enough to try again, no more. */
const maxErrorLength = 2_000;

const isHighSurrogate = (text: string, at: number): boolean => /[\uD800-\uDBFF]/u.test(text.charAt(at));

/** The beginning of a text, not cut through a character, and how much was left out. */
const capped = (text: string, maxLength: number): string => {
  if (text.length <= maxLength) return text;
  const end = isHighSurrogate(text, maxLength - 1) ? maxLength - 1 : maxLength;
  return `${text.slice(0, end)}\n… [${text.length - end} of ${text.length} characters left out: ask for less]`;
};

const plain = (output: unknown): Json => {
  if (output === undefined) return 'Done.';
  return typeof output === 'string' ? output : toJson(output);
};

const shown = (value: Json, maxLength: number): Json => {
  if (typeof value === 'string') return capped(value, maxLength);
  const text = JSON.stringify(value);
  return text.length <= maxLength ? value : capped(text, maxLength);
};

/** A result as a model gets it. The same output gives the same bytes. */
export const resultOf = ({ id, name }: ToolCallPart, output: unknown, tool: Tool): ToolResultPart => ({
  type: 'tool-result',
  id,
  name,
  output: shown(plain(output), tool.maxResultLength),
  ...(tool.isUntrusted ? { isUntrusted: true } : {}),
});

/** A failure as a model gets it: what went wrong, without secrets and stacks. */
export const failureOf = ({ id, name }: ToolCallPart, error: unknown): ToolResultPart => {
  const code = isPipewrightError(error) ? `${error.code}: ` : '';
  return {
    type: 'tool-result',
    id,
    name,
    output: capped(`Error: ${code}${scrubText(messageOf(error))}`, maxErrorLength),
    isError: true,
  };
};

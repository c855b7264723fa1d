import type { ModelEvent } from '../../model/index.js';
import { opaqueOf } from './metadata.js';
import type { WirePart } from './wire.js';

/** Puts the pieces of tool calls and the whole calls that follow them together. */
export interface ToolInputReader {
  readonly take: (part: WirePart) => readonly ModelEvent[];
  /** Whether there is a call that the caller has to make. */
  readonly hasCalls: () => boolean;
}

/** The call as it comes whole is what counts; pieces before it are shown as they come. */
export const toolInputReader = (warn: (message: string) => void): ToolInputReader => {
  /** Pieces by call. Undefined for calls that the provider runs itself. */
  const open = new Map<string, string[] | undefined>();
  let count = 0;
  return {
    hasCalls: () => count > 0,
    take: (part) => {
      const { type, id = '', toolName: name = '', delta = '', providerExecuted = false } = part;
      if (type === 'tool-input-start') {
        open.set(id, providerExecuted ? undefined : []);
        return providerExecuted ? [] : [{ type: 'tool-call-delta', key: id, id, name, text: '' }];
      }
      if (type === 'tool-input-delta') {
        const pieces = open.get(id);
        pieces?.push(delta);
        return pieces === undefined || delta === '' ? [] : [{ type: 'tool-call-delta', key: id, text: delta }];
      }
      count += 1;
      return wholeCall(part, open, warn);
    },
  };
};

const wholeCall = (
  { toolCallId: id = '', toolName: name = '', input = '', providerMetadata }: WirePart,
  open: Map<string, string[] | undefined>,
  warn: (message: string) => void,
): readonly ModelEvent[] => {
  const shown = open.get(id)?.join('') ?? '';
  open.delete(id);
  const isSame = input.startsWith(shown);
  if (!isSame)
    warn(`The arguments of the call of \`${name}\` came in pieces that differ from the whole; the pieces count.`);
  const opaque = opaqueOf(providerMetadata);
  const text = isSame ? input.slice(shown.length) : '';
  return [{ type: 'tool-call-delta', key: id, id, name, text, ...(opaque === undefined ? {} : { opaque }) }];
};

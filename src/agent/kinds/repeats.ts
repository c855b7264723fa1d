import { type Message, partsOf, toJson, type ToolCallPart, type ToolResultPart } from '../../core/index.js';

/** Counts how often the same call has had the same result, this one included. */
export type RepeatCounter = (call: ToolCallPart | undefined, result: ToolResultPart) => number;

export const repeatCounter = (): RepeatCounter => {
  const counts = new Map<string, number>();
  return (call, { name, output }) => {
    const key = JSON.stringify(toJson([name, call?.input, output]));
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    return count;
  };
};

const withNote = (result: ToolResultPart, count: number): ToolResultPart => {
  const { name, output } = result;
  const text = typeof output === 'string' ? output : JSON.stringify(output);
  const note = `[This is call ${count} of \`${name}\` with these arguments, and the result is the same. Do something else, or answer.]`;
  return { ...result, output: `${text}\n${note}` };
};

/**
 * The messages with a note at each result that the same call has had before. The same conversation gives the same notes, and a
 * longer one begins with those of a shorter one.
 */
export const withRepeatsNoted = (messages: readonly Message[]): readonly Message[] => {
  const calls = new Map<string, ToolCallPart>();
  const count = repeatCounter();
  return messages.map((message) => {
    let isNoted = false;
    const content = partsOf(message).map((part) => {
      if (part.type === 'tool-call') calls.set(part.id, part);
      if (part.type !== 'tool-result') return part;
      const times = count(calls.get(part.id), part);
      if (times < 2) return part;
      isNoted = true;
      return withNote(part, times);
    });
    return isNoted ? { role: message.role, content } : message;
  });
};

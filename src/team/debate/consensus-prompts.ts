import type { Message } from '../../core/index.js';
import { user } from '../../core/index.js';
import type { Position } from './position.js';
import { dataBlock, listed } from './prompt-data.js';

const form =
  'Reply with JSON and nothing else: {"ranking": ["…"], "confidence": 0.5, "reasons": ["…"]}. `ranking` is what you would choose, ' +
  'best first; `confidence` is how sure you are of the first, from 0 to 1; `reasons` are at most five, in a sentence each.';

/** The first question: nobody hears anything of anybody before having decided alone. */
export const blindQuestion = (choices: readonly string[]): Message =>
  user(
    listed([
      'You are one of several who decide together on the question above.',
      choices.length > 0 ? `The choices: ${JSON.stringify(choices)}` : 'Name choices in a few words.',
      form,
      'Decide by yourself. You will hear the reasons of the others later.',
    ]),
  );

/** The others' reasons, by what they are for: without names, and without how many hold them. */
const reasonsOf = (others: readonly Position[]): readonly object[] => {
  const byChoice = new Map<string, Set<string>>();
  for (const { choice, reasons } of others) {
    const known = byChoice.get(choice) ?? new Set();
    for (const reason of reasons) known.add(reason);
    byChoice.set(choice, known);
  }
  const choices = [...byChoice.keys()].sort();
  return choices.map((choice) => ({ choice, reasons: [...(byChoice.get(choice) ?? [])] }));
};

export const negotiation = (others: readonly Position[], isLast: boolean): Message =>
  user(
    listed([
      dataBlock('What the others think', reasonsOf(others)),
      '',
      'Change your position if a reason convinces you, and only then: how many hold a position is no reason.',
      isLast && 'This is the last round.',
      form,
    ]),
  );

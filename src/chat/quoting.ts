import { type Hit, type Message, type Part, type RecalledNote, textOf, user } from '../core/index.js';
import { sentenceSpans } from '../text/index.js';
import { type Found, sourceOf } from './prompt.js';

/*
 * The embedded model quotes sources and writes nothing of its own. So that it can answer from what the user said, that becomes
 * sources too; and what asks nothing it is not asked.
 */

const asking =
  /\?|^\s*(?:who|whom|whose|what|when|where|why|which|how|is|are|was|were|am|do|does|did|can|could|will|would|should|shall|may|has|have|had|tell|show|list|explain|describe|give|find|name|summari[sz]e|define|remind)\b/iu;

/** Whether a text wants an answer. */
export const asks = (text: string): boolean => asking.test(text);

/** What is said to a statement. */
export const noted = 'Noted.';

/** What a text states: its sentences that ask nothing. */
const statementsOf = (text: string): string =>
  sentenceSpans(text)
    .map(({ start, end }) => text.slice(start, end).trim())
    .filter((sentence) => sentence !== '' && !asks(sentence))
    .join('\n');

const speaker = /^(?:user|assistant): /u;

const noteHit = ({ id, text, score = 0 }: RecalledNote): Hit => ({
  id: `memory/${id}`,
  text: text.startsWith('assistant: ') ? '' : statementsOf(text.replace(speaker, '')),
  title: 'what you said earlier',
  score,
});

const saidHit = (message: Message, at: number): Hit => ({
  id: `said/${at}`,
  text: message.role === 'user' ? statementsOf(textOf(message)) : '',
  title: 'what you said',
  score: 0,
});

/** What the user has said, in this conversation and before, as sources; each sentence once. */
export const saidHits = ({ history, recalled }: Found): readonly Hit[] => {
  const hits = [...history.map(saidHit), ...(recalled?.notes ?? []).map(noteHit)];
  const seen = new Set<string>();
  return hits.flatMap((hit) => {
    const fresh = hit.text.split('\n').filter((sentence) => sentence !== '' && !seen.has(sentence));
    for (const sentence of fresh) seen.add(sentence);
    return fresh.length === 0 ? [] : [{ ...hit, text: fresh.join('\n') }];
  });
};

/** What asks about the user says by itself what it is about, however short it is. */
const aboutUser = /\b(?:i|me|mine|my|myself)\b/iu;

/** The question before, which the new one may lean on, then the new one with all that may be quoted. */
export const quotingPrompt = (found: Found, said: readonly Part[], hits: readonly Hit[]): readonly Message[] => {
  const before = found.history.findLast(({ role }) => role === 'user');
  const isAlone = before === undefined || aboutUser.test(textOf(user(said)));
  const asked = isAlone ? '' : textOf(before);
  return [...(asked === '' ? [] : [user(asked)]), user([...hits.map(sourceOf), ...said])];
};

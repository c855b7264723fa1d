/*
 * Gemini signs parts of its replies and wants the signatures back on the parts that bore them
 * (https://ai.google.dev/gemini-api/docs/thought-signatures). A tool call and a thought carry theirs as `opaque`. A text or a
 * picture has no such field: its signature comes as a reasoning part without text, right behind it.
 */

const thoughtMark = 'google-thought:';
const partMark = 'google-part:';
const aloneMark = 'google-alone:';

/** Of a thought, which need not be signed. It tells our thoughts from those of other providers. */
export const thoughtOpaque = (signature = ''): string => thoughtMark + signature;

/** Of a tool call, or of the part before. */
export const partOpaque = (signature: string): string => partMark + signature;

/** Of a part without content, which goes back as one: streams end with it. */
export const aloneOpaque = (signature: string): string => aloneMark + signature;

export type Opaque = { readonly of: 'thought' | 'part' | 'alone'; readonly signature: string };

/** Undefined for what another provider gave. */
export const readOpaque = (opaque: string | undefined): Opaque | undefined => {
  if (opaque === undefined) return undefined;
  if (opaque.startsWith(thoughtMark)) return { of: 'thought', signature: opaque.slice(thoughtMark.length) };
  if (opaque.startsWith(partMark)) return { of: 'part', signature: opaque.slice(partMark.length) };
  if (opaque.startsWith(aloneMark)) return { of: 'alone', signature: opaque.slice(aloneMark.length) };
  return undefined;
};

/** What Google documents for calls that another model made, or whose signature is lost. */
export const lostSignature = 'skip_thought_signature_validator';

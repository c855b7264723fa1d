import type { Document, SourcePart } from '../core/index.js';

/** Title and text as one, for what reads texts. */
export const textWithTitle = ({ title = '', text }: Document): string => (title === '' ? text : `${title}\n${text}`);

/** Documents as data for a model. */
export const sourcesOf = (documents: readonly Document[]): readonly SourcePart[] =>
  documents.map(({ id, text, title }) => ({ type: 'source', id, text, ...(title === undefined ? {} : { title }) }));

import { callStep, checkAtLeast, type Hit, type QueryWithOptions, type StepLike } from '../../core/index.js';
import { answerSchema, objectSchema, textIn, textSchema } from '../../ask/index.js';
import { type Tool, tool } from '../tool.js';

export interface SearchToolOptions {
  /** @default 'search_documents' */
  readonly name?: string;
  /** What there is to find, for the model. @default that documents are searched */
  readonly description?: string;
  /** Passages that come back at most. @default 5 */
  readonly k?: number;
  /** Characters of each passage that the model is shown. @default 2000 */
  readonly maxTextLength?: number;
  /** Whether somebody else may have written into the documents. @default true */
  readonly isUntrusted?: boolean;
}

/** A passage as a model is shown it. */
export interface FoundPassage {
  readonly id: string;
  readonly title?: string;
  readonly source?: string;
  readonly text: string;
}

const passageOf = ({ id, title, source, text }: Hit, maxLength: number): FoundPassage => ({
  id,
  ...(title === undefined ? {} : { title }),
  ...(source === undefined ? {} : { source }),
  text: text.length <= maxLength ? text : `${text.slice(0, maxLength)}…`,
});

const input = answerSchema(
  objectSchema({ query: { ...textSchema, description: 'What to look for: a question, or words.' } }),
  (value) => {
    const query = textIn(value, 'query');
    return query === '' ? { issues: ['query: must be a question, or words to look for'] } : { value: { query } };
  },
);

/**
 * Makes a tool of any retriever, so that a model looks up what it needs. What was found also goes out as a `sources-found` event.
 * Costs one search for each call, and the passages as input tokens of every request behind it.
 * @throws {PipewrightError} `bad-option`; the step throws what the retriever throws.
 * @example searchTool(keywords.retriever(), { description: 'Searches the handbook of the company.' })
 */
export const searchTool = (
  retriever: StepLike<QueryWithOptions, readonly Hit[]>,
  options: SearchToolOptions = {},
): Tool<{ readonly query: string }, readonly FoundPassage[] | string> => {
  const { name = 'search_documents', k = 5, maxTextLength = 2_000, isUntrusted = true } = options;
  const { description = 'Searches documents and gives the passages that fit best.' } = options;
  checkAtLeast('k', k, 1);
  checkAtLeast('maxTextLength', maxTextLength, 1);
  return tool({
    name,
    description,
    input,
    isReadOnly: true,
    isUntrusted,
    run: async ({ query }, run) => {
      const hits = (await callStep(retriever, { text: query, k }, run, 'search')).slice(0, k);
      run.emit({ type: 'sources-found', hits });
      return hits.length === 0
        ? 'Nothing was found. Try other words.'
        : hits.map((hit) => passageOf(hit, maxTextLength));
    },
  });
};

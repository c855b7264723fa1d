import {
  defineStepWith,
  PipewrightError,
  type RerankInput,
  type Reranker,
  type RerankScore,
  type Run,
  type Usage,
} from '../../core/index.js';
import { estimateTokens, type ModelPrice, metered } from '../../model/index.js';
import type { JsonApi } from './json-api.js';
import { readRerank } from './rerank-reply.js';
import { firstNonText, notEmpty, requestBatches } from './text-batches.js';

/** In what servers of the Cohere form differ. */
export interface RerankForm {
  /** Behind the base URL. */
  readonly path: string;
  /** The field of the texts. @default 'documents' */
  readonly textsField?: string;
  /** The field that limits the results; null where the server has none. @default 'top_n' */
  readonly limitField?: string | null;
  /** How many texts a request takes. @default 1000 */
  readonly maxTexts?: number;
  /** How many bytes the texts of a request may have, the query counted with each of them. @default no limit */
  readonly maxBytes?: number;
  /** Whether searches are paid for, not tokens. @default false */
  readonly isPaidBySearch?: boolean;
  /** Fields of every request. */
  readonly fields?: Readonly<Record<string, unknown>>;
}

export interface RerankSettings {
  readonly id: string;
  readonly model: string;
  readonly api: JsonApi;
  readonly form: RerankForm;
  readonly price: ModelPrice | undefined;
  readonly providerOptions: Readonly<Record<string, unknown>> | undefined;
}

const defaultMaxTexts = 1_000;

/** A search unit is a query against so many texts. */
const textsPerSearchUnit = 100;

/**
 * A reranker over HTTP. More texts than a request takes go in several, one after the other; their scores are put in one order,
 * which is right for models that judge each text by itself.
 */
export const httpReranker = (settings: RerankSettings): Reranker =>
  defineStepWith<RerankInput, readonly RerankScore[], { readonly id: string }>(
    { kind: 'reranker', name: settings.id },
    { id: settings.id },
    (input, run) => rerankAll(settings, input, run),
  );

const checkInput = (id: string, { query, texts, k }: RerankInput): void => {
  if (typeof query !== 'string') {
    throw new PipewrightError('bad-input', `${id} ranks by a query of text, got one of the type ${typeof query}.`);
  }
  const place = firstNonText(texts);
  if (place >= 0) {
    throw new PipewrightError('bad-input', `${id} ranks texts; item ${place} is of the type ${typeof texts[place]}.`);
  }
  if (k !== undefined && (!Number.isInteger(k) || k < 0)) {
    throw new PipewrightError('bad-input', `${id}: \`k\` must be a whole number of at least 0, got ${k}.`);
  }
};

const rerankAll = async (settings: RerankSettings, input: RerankInput, run: Run): Promise<readonly RerankScore[]> => {
  checkInput(settings.id, input);
  const { query, texts, k = texts.length } = input;
  if (k === 0) return [];
  const { maxTexts = defaultMaxTexts, maxBytes = Number.POSITIVE_INFINITY } = settings.form;
  const limits = { maxTexts, maxBytes, extraBytes: Buffer.byteLength(query) };
  const scores: RerankScore[] = [];
  for (const { start, texts: batch } of requestBatches(texts, limits)) {
    for (const { index, score } of await rerankBatch(settings, { query, texts: batch, k }, run)) {
      scores.push({ index: start + index, score });
    }
  }
  // Not every server sorts.
  return scores.sort((a, b) => b.score - a.score || a.index - b.index).slice(0, k);
};

const rerankBatch = (
  settings: RerankSettings,
  input: Required<RerankInput>,
  run: Run,
): Promise<readonly RerankScore[]> => {
  const { id, price, api, form } = settings;
  const estimate = (): Usage => estimatedUsage(form, input);
  return metered(run, { id, price, estimate }, async () => {
    const { data } = await api.ask(form.path, wireBody(settings, input), run);
    const { scores, usage } = readRerank(id, data, input);
    const { inputTokens } = usage;
    return {
      value: scores,
      usage: inputTokens === undefined ? { ...estimate(), ...usage } : { outputTokens: 0, ...usage, inputTokens },
    };
  });
};

const estimatedUsage = ({ isPaidBySearch = false }: RerankForm, { query, texts }: RerankInput): Usage => {
  const searchUnits = Math.ceil(texts.length / textsPerSearchUnit);
  return {
    inputTokens: texts.reduce((sum, text) => sum + estimateTokens(text), estimateTokens(query) * texts.length),
    outputTokens: 0,
    isEstimated: true,
    ...(isPaidBySearch ? { billed: { inputTokens: 0, outputTokens: 0, searchUnits } } : {}),
  };
};

const wireBody = (
  { model, form, providerOptions }: RerankSettings,
  { query, texts, k }: Required<RerankInput>,
): Readonly<Record<string, unknown>> => {
  const { textsField = 'documents', limitField = 'top_n', fields } = form;
  const limit = limitField === null || k >= texts.length ? {} : { [limitField]: k };
  return { model, query, [textsField]: texts.map(notEmpty), ...limit, ...fields, ...providerOptions };
};

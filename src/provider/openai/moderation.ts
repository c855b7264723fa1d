import {
  defineStepWith,
  type ImagePart,
  noUsage,
  PipewrightError,
  type Step,
  type TextPart,
} from '../../core/index.js';
import { metered } from '../../model/index.js';
import { dataUrl, imageMediaType, jsonApi } from '../shared/index.js';
import { defaultBaseUrl } from './client.js';

export interface OpenAIModerationOptions {
  /** @default 'omni-moderation-latest' */
  readonly model?: string;
  /** @default the environment variable OPENAI_API_KEY, read at every call */
  readonly apiKey?: string;
  /** Of a server that speaks the Moderations API; one on this machine needs no key. @default https://api.openai.com/v1 */
  readonly baseUrl?: string;
  /** Sent with every request. @default none */
  readonly headers?: Readonly<Record<string, string>>;
}

/** What is judged as one: a text, or texts and pictures together. */
export type ModerationInput = string | readonly (TextPart | ImagePart)[];

export interface ModerationCategory {
  /** As the provider names it: `violence/graphic`. */
  readonly name: string;
  readonly isFlagged: boolean;
  /** From 0 to 1: how sure the model is. */
  readonly score: number;
}

export interface Moderation {
  /** Whether any category is. */
  readonly isFlagged: boolean;
  readonly categories: readonly ModerationCategory[];
}

/** Judges whether something is harmful. */
export interface Moderator extends Step<ModerationInput, Moderation> {
  readonly id: string;
}

interface WireReply {
  readonly results?: readonly {
    readonly flagged?: boolean;
    readonly categories?: Readonly<Record<string, boolean | null>>;
    readonly category_scores?: Readonly<Record<string, number | null>>;
  }[];
}

/**
 * OpenAI's moderation: tells whether a text or a picture is harmful, and in which way. It costs nothing. Throws as `openai` does.
 * @example openaiModeration().id // => 'openai:omni-moderation-latest'
 */
export const openaiModeration = (options: OpenAIModerationOptions = {}): Moderator => {
  const { model = 'omni-moderation-latest', apiKey, baseUrl, headers } = options;
  const id = `openai:${model}`;
  const api = jsonApi({ id, apiKey, variable: 'OPENAI_API_KEY', defaultBaseUrl, baseUrl, headers });
  const call = { id, price: { input: 0, output: 0 }, estimate: () => noUsage };
  return defineStepWith<ModerationInput, Moderation, Pick<Moderator, 'id'>>(
    { kind: 'moderation', name: id },
    { id },
    (input, run) =>
      metered(run, call, async () => {
        const { data } = await api.ask('/moderations', { model, input: wireInput(input) }, run);
        return { value: read(id, data), usage: noUsage };
      }),
  );
};

const wireInput = (input: ModerationInput): unknown =>
  typeof input === 'string'
    ? input
    : input.map((part) =>
        part.type === 'text'
          ? { type: 'text', text: part.text }
          : { type: 'image_url', image_url: { url: dataUrl(part.data, imageMediaType(part)) } },
      );

const read = (id: string, data: unknown): Moderation => {
  const result = ((data ?? {}) as WireReply).results?.[0];
  // What was not judged must not pass as harmless.
  if (typeof result?.flagged !== 'boolean') {
    throw new PipewrightError('model-failed', `${id} sent no judgement. Check the base URL, or try again.`, {
      retryable: true,
    });
  }
  const { flagged, categories = {}, category_scores: scores = {} } = result;
  const names = Object.keys({ ...categories, ...scores });
  return {
    isFlagged: flagged,
    categories: names.map((name) => ({ name, isFlagged: categories[name] === true, score: scores[name] ?? 0 })),
  };
};

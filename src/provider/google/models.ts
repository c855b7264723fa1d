import type { ModelFeatures, ReasoningEffort } from '../../model/index.js';
import { familyOf, type ModelFamily } from '../shared/index.js';

type Level = Exclude<ReasoningEffort, 'none'>;

/** How a model is told to think: by a number of tokens, or by one of the levels that it knows, least first. */
export type Thinking =
  | { readonly by: 'budget'; readonly minTokens: number; readonly maxTokens: number; readonly canStop: boolean }
  | { readonly by: 'level'; readonly levels: readonly [Level, ...Level[]] };

export interface GoogleFamily extends ModelFamily {
  /** Undefined where the model does not think, or cannot be told how. */
  readonly thinking?: Thinking;
  /**
   * From Gemini 3 on, a call of the model goes back with its signature, or with the word that stands for a lost one, and the
   * result of a tool may hold pictures and files.
   */
  readonly isGemini3?: boolean;
  /** From Gemini 3.6 on, `temperature` and `topP` say nothing to the models, and are to become errors. */
  readonly hasNoSampling?: boolean;
  /** Gemma 3 has no place for a system instruction: it goes before the first message of the user. */
  readonly hasNoSystem?: boolean;
}

const budget = (minTokens: number, maxTokens: number, canStop: boolean): Thinking => ({
  by: 'budget',
  minTokens,
  maxTokens,
  canStop,
});
const levels = (...names: readonly [Level, ...Level[]]): Thinking => ({ by: 'level', levels: names });

const everyLevel = levels('minimal', 'low', 'medium', 'high');

/** Before Gemini 3, a JSON answer and tools do not go together: the API refuses them. */
const old: Partial<ModelFeatures> = { jsonSchemaWithTools: false };
const drawing: Partial<ModelFeatures> = {
  tools: false,
  jsonSchema: false,
  jsonSchemaWithTools: false,
  audio: false,
  logProbs: false,
};

/**
 * What the models can do, by name, from https://ai.google.dev/gemini-api/docs/models, /latest-model beside it, and
 * https://docs.cloud.google.com/gemini-enterprise-agent-platform/models/thinking as of November 2026.
 */
const families: readonly GoogleFamily[] = [
  { names: /gemma-[1-3]/, features: { ...drawing, files: false, reasoning: false }, hasNoSystem: true },
  { names: /gemma/, features: { ...old, files: false, audio: false, reasoning: false, logProbs: false } },
  { names: /gemini-2\.5-.*image/, features: { ...drawing, reasoning: false } },
  {
    names: /gemini-3\.1-flash-image/,
    features: drawing,
    thinking: levels('minimal', 'high'),
    isGemini3: true,
  },
  { names: /gemini-.*image/, features: { ...drawing, reasoning: false }, isGemini3: true },
  { names: /gemini-(?:1|2\.0)/, features: { ...old, reasoning: false } },
  { names: /gemini-2\.5-flash-lite/, features: old, thinking: budget(512, 24_576, true) },
  { names: /gemini-2\.5-flash/, features: old, thinking: budget(1, 24_576, true) },
  { names: /gemini-2\.5/, features: old, thinking: budget(128, 32_768, false) },
  { names: /gemini-3-pro/, thinking: levels('low', 'high'), isGemini3: true },
  { names: /gemini-3\.1-pro/, thinking: levels('low', 'medium', 'high'), isGemini3: true },
  { names: /gemini-3\.[78]-flash/, thinking: levels('low', 'medium', 'high'), isGemini3: true, hasNoSampling: true },
  { names: /gemini-3\.(?:6|5-flash-lite)/, thinking: everyLevel, isGemini3: true, hasNoSampling: true },
  { names: /gemini-3/, thinking: everyLevel, isGemini3: true },
  {
    names: /gemini-4-hydrogen/,
    thinking: levels('low', 'medium', 'high', 'xhigh'),
    isGemini3: true,
    hasNoSampling: true,
  },
];

/** Models that are not known are taken for newer ones. */
const newest: GoogleFamily = {
  names: /^/,
  thinking: levels('low', 'medium', 'high'),
  isGemini3: true,
  hasNoSampling: true,
};

const features: ModelFeatures = {
  tools: true,
  jsonSchema: true,
  jsonSchemaWithTools: true,
  images: true,
  files: true,
  audio: true,
  reasoning: true,
  citations: false,
  logProbs: true,
};

export const googleFamily = (model: string): GoogleFamily => familyOf(families, model) ?? newest;

export const googleFeatures = (family: GoogleFamily, own: Partial<ModelFeatures> = {}): ModelFeatures => ({
  ...features,
  ...family.features,
  ...own,
});

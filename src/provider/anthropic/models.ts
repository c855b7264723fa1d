import type { ModelFeatures } from '../../model/index.js';
import { familyOf, type ModelFamily } from '../shared/index.js';

export interface AnthropicFamily extends ModelFamily {
  /**
   * How the models are told to think: `budget` by a number of tokens, `adaptive` by an effort, `always` by an effort and without
   * a way to switch it off.
   */
  readonly thinking: 'budget' | 'adaptive' | 'always' | 'none';
}

const noThinking: Partial<ModelFeatures> = { reasoning: false, jsonSchema: false };

/** What the models can do, by name, from the model pages of platform.claude.com as of November 2026. */
const families: readonly AnthropicFamily[] = [
  { names: /claude-(?:fable|mythos|opus-5-5)/, thinking: 'always' },
  { names: /claude-(?:instant|2|3-(?:haiku|sonnet|opus|5))/, thinking: 'none', features: noThinking },
  { names: /claude-(?:3-7|(?:opus|sonnet)-4-(?:0|20))/, thinking: 'budget', features: { jsonSchema: false } },
  { names: /claude-(?:opus|sonnet|haiku)-4-[15]/, thinking: 'budget' },
];

/** Models that are not known are taken for newer ones. */
const newest: AnthropicFamily = { names: /^/, thinking: 'adaptive' };

const features: ModelFeatures = {
  tools: true,
  jsonSchema: true,
  images: true,
  jsonSchemaWithTools: true,
  files: true,
  audio: false,
  reasoning: true,
  citations: true,
  logProbs: false,
};

export const anthropicFamily = (model: string): AnthropicFamily => familyOf(families, model) ?? newest;

export const anthropicFeatures = (family: AnthropicFamily, own: Partial<ModelFeatures> = {}): ModelFeatures => ({
  ...features,
  ...family.features,
  ...own,
});

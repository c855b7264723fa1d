import type { ModelFeatures } from '../../model/index.js';
import { familyOf, type ModelFamily } from '../shared/index.js';

export interface OpenAIFamily extends ModelFamily {
  /** The word for as little reasoning as the models can do; undefined where they do not reason or the word is not known. */
  readonly leastEffort?: 'none' | 'minimal' | 'low';
}

const noReasoning: Partial<ModelFeatures> = { reasoning: false };
const textOnly: Partial<ModelFeatures> = { jsonSchema: false, images: false, files: false, reasoning: false };

/** What the models can do, by name, from the model pages of developers.openai.com as of November 2026. */
const families: readonly OpenAIFamily[] = [
  { names: /^(?:gpt-5.*-chat|gpt-4\.1|gpt-4o|chatgpt-4o)/, features: noReasoning },
  { names: /^gpt-(?:5\.[1-9]|[6-9])/, leastEffort: 'none' },
  { names: /^gpt-5/, leastEffort: 'minimal' },
  {
    names: /^gpt-4-(?:turbo|1106|0125|vision)/,
    features: { jsonSchema: false, files: false, reasoning: false },
  },
  { names: /^gpt-(?:4|3\.5)(?:-|$)/, features: textOnly },
  { names: /^o1-(?:mini|preview)/, features: { ...textOnly, tools: false } },
  { names: /^o3-mini/, features: { images: false, files: false }, leastEffort: 'low' },
  { names: /^o\d/, leastEffort: 'low' },
];

/** Nothing is refused on behalf of a model that is not known. */
const features: ModelFeatures = {
  tools: true,
  jsonSchema: true,
  images: true,
  jsonSchemaWithTools: true,
  files: true,
  audio: true,
  reasoning: true,
  citations: false,
  logProbs: true,
};

export const openaiFamily = (model: string): OpenAIFamily | undefined => familyOf(families, model);

export const openaiFeatures = (family: OpenAIFamily | undefined, own: Partial<ModelFeatures> = {}): ModelFeatures => ({
  ...features,
  ...family?.features,
  ...own,
});

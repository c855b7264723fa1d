import type { ModelFeatures } from '../../model/index.js';
import { familyOf, type ModelFamily } from '../shared/index.js';

/** What the models can do, by name, from the model pages of docs.cohere.com as of November 2026. */
const families: readonly ModelFamily[] = [
  { names: /^command-a-vision|^c4ai-aya-vision/, features: { tools: false, reasoning: false } },
  { names: /^command-a-reasoning/, features: { images: false } },
  {
    names: /^command-a-(?:03|translate)|^command-r|^command(?:-light|-nightly)?$|^c4ai-aya/,
    features: { images: false, reasoning: false },
  },
];

/** Nothing is refused on behalf of a model that is not known. */
const features: Partial<ModelFeatures> = {
  tools: true,
  jsonSchema: true,
  images: true,
  reasoning: true,
  citations: true,
  logProbs: true,
};

/** The first version of the API is there for models that are gone or frozen; it carries texts, sources and JSON here. */
const oldFeatures: Partial<ModelFeatures> = { jsonSchema: true, citations: true };

export const cohereFeatures = (
  model: string,
  apiVersion: 1 | 2,
  own: Partial<ModelFeatures> = {},
): Partial<ModelFeatures> =>
  apiVersion === 1 ? { ...oldFeatures, ...own } : { ...features, ...familyOf(families, model)?.features, ...own };

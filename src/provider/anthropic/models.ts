import type { ModelFeatures } from '../../model/index.js';
import { familyOf, type ModelFamily } from '../shared/index.js';

export interface AnthropicFamily extends ModelFamily {
  /**
   * How the models are told to think: `budget` by a number of tokens, `adaptive` by an effort, `always` by an effort and without
   * a way to switch it off.
   */
  readonly thinking: 'budget' | 'adaptive' | 'always' | 'none';
  /** The highest effort below `max` that they take. */
  readonly topEffort: 'high' | 'xhigh';
  /** Which of temperature and top-p they take, in the API version that still has them: both, one of them, or none. */
  readonly sampling: 'both' | 'one' | 'none';
  /** Whether they think between tool calls, and whether that has to be asked for. */
  readonly interleaving: 'asked' | 'always' | 'none';
  /** Whether a system message may stand behind other messages. */
  readonly takesLateSystem: boolean;
}

/** Models that are not known are taken for newer ones. */
const newest: AnthropicFamily = {
  names: /^/,
  thinking: 'adaptive',
  topEffort: 'xhigh',
  sampling: 'none',
  interleaving: 'always',
  takesLateSystem: true,
};

const older: AnthropicFamily = { ...newest, topEffort: 'high', sampling: 'one', takesLateSystem: false };
const budget: AnthropicFamily = { ...older, thinking: 'budget', interleaving: 'asked' };

/** What the models can do, by name, from the model and feature pages of platform.claude.com as of November 2026. */
const families: readonly AnthropicFamily[] = [
  { ...newest, names: /claude-(?:fable|mythos|opus-5-5)/, thinking: 'always' },
  {
    ...older,
    names: /claude-(?:instant|2|3-(?:haiku|sonnet|opus|5))/,
    thinking: 'none',
    sampling: 'both',
    interleaving: 'none',
    features: { reasoning: false, jsonSchema: false, jsonSchemaWithTools: false },
  },
  {
    ...budget,
    names: /claude-3-7/,
    sampling: 'both',
    interleaving: 'none',
    features: { jsonSchema: false, jsonSchemaWithTools: false },
  },
  {
    ...budget,
    names: /claude-(?:opus|sonnet)-4(?:-0|-20|$)/,
    sampling: 'both',
    features: { jsonSchema: false, jsonSchemaWithTools: false },
  },
  { ...budget, names: /claude-(?:opus|sonnet|haiku)-4-[15]/ },
  { ...older, names: /claude-(?:opus|sonnet)-4-6/ },
  { ...newest, names: /claude-opus-4-7/, takesLateSystem: false },
];

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

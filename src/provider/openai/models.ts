import type { ModelFeatures, ReasoningEffort } from '../../model/index.js';
import { type ChatQuirks, familyOf, type ModelFamily, reasoningGrades } from '../shared/index.js';

export interface OpenAIFamily extends ModelFamily {
  /** The grades of reasoning that the models know, least first; undefined where they do not reason or it is not known. */
  readonly efforts?: readonly ReasoningEffort[];
  /** How the models are asked to keep the prompt; left out, they cannot be asked. */
  readonly caching?: Pick<ChatQuirks, 'cacheMark' | 'promptCache'>;
}

/** The older way: how long a prompt is kept at most. */
const retention: OpenAIFamily['caching'] = {
  promptCache: { '5m': { prompt_cache_retention: 'in_memory' }, '1h': { prompt_cache_retention: '24h' } },
};
const longRetention: OpenAIFamily['caching'] = {
  promptCache: { '5m': { prompt_cache_retention: '24h' }, '1h': { prompt_cache_retention: '24h' } },
};
/** The newer way, from gpt-5.6 on: how long it is kept at least, which has one value so far, and marks of one's own. */
const halfHour = { prompt_cache_options: { ttl: '30m' } };
const breakpoint = { prompt_cache_breakpoint: { mode: 'explicit' } };
const marks: OpenAIFamily['caching'] = {
  promptCache: { '5m': halfHour, '1h': halfHour },
  cacheMark: { '5m': breakpoint, '1h': breakpoint },
};

const deaf: Partial<ModelFeatures> = { audio: false };
const noReasoning: Partial<ModelFeatures> = { ...deaf, reasoning: false };
const noLogProbs: Partial<ModelFeatures> = { ...deaf, logProbs: false };
const textOnly: Partial<ModelFeatures> = { ...noReasoning, jsonSchema: false, images: false, files: false };

/** What the models can do, by name, from the model pages of developers.openai.com as of November 2026. */
const families: readonly OpenAIFamily[] = [
  {
    names: /^(?:gpt-4o.*-audio|gpt-audio)/,
    features: { images: false, files: false, jsonSchema: false, reasoning: false },
  },
  { names: /^gpt-4\.1/, features: noReasoning, caching: retention },
  { names: /^(?:gpt-5.*-chat|gpt-4\.5|gpt-4o|chatgpt-4o)/, features: noReasoning },
  {
    names: /^gpt-5\.1(?!\d|-codex-max)/,
    features: deaf,
    efforts: ['none', 'low', 'medium', 'high'],
    caching: retention,
  },
  {
    names: /^gpt-5\.[1-4](?!\d)/,
    features: deaf,
    efforts: ['none', 'low', 'medium', 'high', 'xhigh'],
    caching: retention,
  },
  {
    names: /^gpt-5\.5(?!\d)/,
    features: deaf,
    efforts: ['none', 'low', 'medium', 'high', 'xhigh'],
    caching: longRetention,
  },
  { names: /^gpt-(?:5\.|[6-9])/, features: deaf, efforts: ['none', 'low', 'medium', 'high', 'xhigh'], caching: marks },
  { names: /^gpt-5-pro/, features: noLogProbs, efforts: ['high'], caching: retention },
  { names: /^gpt-5/, features: noLogProbs, efforts: ['minimal', 'low', 'medium', 'high'], caching: retention },
  { names: /^gpt-4-(?:turbo|1106|0125|vision)/, features: { ...noReasoning, jsonSchema: false, files: false } },
  { names: /^gpt-(?:4|3\.5)(?:-|$)/, features: textOnly },
  { names: /^o1-(?:mini|preview)/, features: { ...textOnly, logProbs: false, tools: false } },
  { names: /^o3-mini/, features: { ...noLogProbs, images: false, files: false }, efforts: ['low', 'medium', 'high'] },
  { names: /^o\d/, features: noLogProbs, efforts: ['low', 'medium', 'high'] },
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

/** How the models want to be asked in a chat. */
export const openaiQuirks = (family: OpenAIFamily | undefined): ChatQuirks => ({
  ...family?.caching,
  ...(family?.efforts === undefined ? {} : { reasoning: reasoningGrades(family.efforts) }),
});

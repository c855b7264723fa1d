import type { ModelFeatures, ReasoningEffort } from '../../../model/index.js';
import { defaultBaseUrl } from '../client.js';

/** Servers whose Responses API is known; `other` stands for any that speaks it. */
export type ResponsesServerName = 'openai' | 'azure-openai' | 'xai' | 'deepseek' | 'other';

/** Where a server differs from the rest. */
export interface ResponsesServer {
  /** Names it in ids; reasoning and provider parts go back only to the server that they came from. */
  readonly provider: string;
  /** Undefined where every customer has an address of its own. */
  readonly baseUrl?: string;
  readonly keyVariable: string;
  /** Whether the names of its models are those of OpenAI, so that what they can do is known. */
  readonly hasOpenAIModels: boolean;
  /** Whether reasoning comes encrypted when it is asked for. Where not, it comes in plain words, and goes back so. */
  readonly encryptsReasoning: boolean;
  /** The grades of reasoning that its models know, least first. @default by model family, else all but `none` */
  readonly efforts?: readonly ReasoningEffort[];
  /** Where it differs from what the API offers. */
  readonly features?: Partial<ModelFeatures>;
}

export const responsesServers: Readonly<Record<ResponsesServerName, ResponsesServer>> = {
  openai: {
    provider: 'openai',
    baseUrl: defaultBaseUrl,
    keyVariable: 'OPENAI_API_KEY',
    hasOpenAIModels: true,
    encryptsReasoning: true,
  },
  'azure-openai': {
    provider: 'azure-openai',
    keyVariable: 'AZURE_OPENAI_API_KEY',
    hasOpenAIModels: true,
    encryptsReasoning: true,
  },
  xai: {
    provider: 'xai',
    baseUrl: 'https://api.x.ai/v1',
    keyVariable: 'XAI_API_KEY',
    hasOpenAIModels: false,
    encryptsReasoning: true,
    efforts: ['low', 'medium', 'high'],
  },
  deepseek: {
    provider: 'deepseek',
    baseUrl: 'https://api.deepseek.com',
    keyVariable: 'DEEPSEEK_API_KEY',
    hasOpenAIModels: false,
    encryptsReasoning: false,
    features: { images: false, files: false },
  },
  other: {
    provider: 'open-responses',
    keyVariable: 'OPENAI_API_KEY',
    hasOpenAIModels: false,
    encryptsReasoning: false,
  },
};

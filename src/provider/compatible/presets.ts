import type { ModelFeatures, ModelPrice, ReasoningEffort } from '../../model/index.js';
import { type ChatQuirks, reasoningGrades, type ReasoningGrades, type Wire } from '../shared/index.js';
import type { CompatibleServer } from './server.js';

export type CompatibleServerName =
  | 'alibaba'
  | 'azure'
  | 'cerebras'
  | 'deepseek'
  | 'fireworks'
  | 'google'
  | 'groq'
  | 'huggingface'
  | 'llama-cpp'
  | 'lm-studio'
  | 'mistral'
  | 'moonshot'
  | 'ollama'
  | 'openrouter'
  | 'perplexity'
  | 'together'
  | 'vllm'
  | 'xai'
  | 'zai';

/** On one's own machine nothing is paid. */
const free: ModelPrice = { input: 0, output: 0 };

const noSound: Partial<ModelFeatures> = { audio: false };
const noFiles: Partial<ModelFeatures> = { ...noSound, files: false };

const maxTokens = { max_completion_tokens: 'max_tokens' };
const noParallel = { parallel_tool_calls: null };

const usual: ReasoningGrades = reasoningGrades(['none', 'low', 'medium', 'high']);
const threeGrades: readonly ReasoningEffort[] = ['low', 'medium', 'high'];
const allGrades: ReasoningGrades = reasoningGrades(['none', 'minimal', ...threeGrades, 'xhigh']);
const thinking = (type: 'enabled' | 'disabled', more: Wire = {}): Wire => ({ thinking: { type }, ...more });
const template = (more: Wire): Wire => ({ chat_template_kwargs: more });

/** What most servers of open models have in common. */
const open: ChatQuirks = { fields: maxTokens, reasoning: usual, reasoningTag: 'think' };

/**
 * Servers that are known, from their documentation and recorded traffic as of November 2026. To change one, spread it into a
 * server of your own: `{ ...compatibleServers.azure, path: '/models/chat/completions' }`.
 */
export const compatibleServers: Readonly<Record<CompatibleServerName, CompatibleServer>> = {
  alibaba: {
    name: 'alibaba',
    baseUrl: 'https://dashscope-intl.aliyuncs.com/compatible-mode/v1',
    keyVariable: 'DASHSCOPE_API_KEY',
    features: { files: false },
    quirks: { fields: maxTokens, reasoning: { none: { enable_thinking: false }, high: { enable_thinking: true } } },
  },
  azure: {
    name: 'azure',
    baseUrlVariable: 'AZURE_OPENAI_ENDPOINT',
    path: '/openai/v1/chat/completions',
    keyVariable: 'AZURE_OPENAI_API_KEY',
    keyHeader: 'api-key',
  },
  cerebras: {
    name: 'cerebras',
    baseUrl: 'https://api.cerebras.ai/v1',
    keyVariable: 'CEREBRAS_API_KEY',
    features: noFiles,
    quirks: { reasoning: usual, reasoningBack: 'reasoning', reasoningTag: 'think' },
  },
  deepseek: {
    name: 'deepseek',
    baseUrl: 'https://api.deepseek.com',
    keyVariable: 'DEEPSEEK_API_KEY',
    features: { ...noFiles, jsonSchema: false },
    quirks: {
      fields: { ...maxTokens, ...noParallel, seed: null },
      reasoning: {
        none: thinking('disabled'),
        low: thinking('enabled', { reasoning_effort: 'low' }),
        high: thinking('enabled', { reasoning_effort: 'high' }),
        xhigh: thinking('enabled', { reasoning_effort: 'max' }),
      },
      reasoningBack: 'reasoning_content-with-tool-calls',
    },
  },
  fireworks: {
    name: 'fireworks',
    baseUrl: 'https://api.fireworks.ai/inference/v1',
    keyVariable: 'FIREWORKS_API_KEY',
    quirks: { ...open, reasoningBack: 'reasoning_content' },
  },
  google: {
    name: 'google',
    baseUrl: 'https://generativelanguage.googleapis.com/v1beta/openai',
    keyVariable: 'GEMINI_API_KEY',
    features: { logProbs: false },
    quirks: { reasoning: reasoningGrades(['none', 'minimal', ...threeGrades]), reasoningTag: 'thought' },
  },
  groq: {
    name: 'groq',
    baseUrl: 'https://api.groq.com/openai/v1',
    keyVariable: 'GROQ_API_KEY',
    features: { ...noFiles, logProbs: false, jsonSchemaWithTools: false },
    quirks: { reasoning: usual, reasoningBack: 'reasoning', reasoningTag: 'think' },
  },
  huggingface: {
    name: 'huggingface',
    baseUrl: 'https://router.huggingface.co/v1',
    keyVariable: 'HF_TOKEN',
    features: noFiles,
    quirks: { fields: maxTokens, reasoningTag: 'think' },
  },
  'llama-cpp': {
    name: 'llama-cpp',
    baseUrl: 'http://127.0.0.1:9931/v1',
    keyVariable: 'LLAMA_API_KEY',
    isKeyOptional: true,
    features: { files: false },
    price: free,
    quirks: {
      ...open,
      reasoning: {
        none: template({ enable_thinking: false }),
        ...reasoningGrades(threeGrades, (effort) => template({ enable_thinking: true, reasoning_effort: effort })),
      },
      reasoningBack: 'reasoning_content',
    },
  },
  'lm-studio': {
    name: 'lm-studio',
    baseUrl: 'http://127.0.0.1:1234/v1',
    keyVariable: 'LM_API_TOKEN',
    isKeyOptional: true,
    features: { ...noFiles, logProbs: false },
    price: free,
    quirks: { ...open, fields: { ...maxTokens, ...noParallel } },
  },
  mistral: {
    name: 'mistral',
    baseUrl: 'https://api.mistral.ai/v1',
    keyVariable: 'MISTRAL_API_KEY',
    features: { logProbs: false },
    quirks: {
      // The figures come with the last chunk without being asked for.
      fields: { ...maxTokens, seed: 'random_seed', stream_options: null },
      reasoning: reasoningGrades(['none', 'high']),
      reasoningBack: 'thinking-chunks',
      requiredToolChoice: 'any',
      documents: 'document_url',
    },
  },
  moonshot: {
    name: 'moonshot',
    baseUrl: 'https://api.moonshot.ai/v1',
    keyVariable: 'MOONSHOT_API_KEY',
    features: { ...noFiles, logProbs: false },
    quirks: {
      fields: { ...noParallel, seed: null },
      reasoning: {
        none: thinking('disabled'),
        ...reasoningGrades(['low', 'high']),
        xhigh: { reasoning_effort: 'max' },
      },
      reasoningBack: 'reasoning_content',
    },
  },
  ollama: {
    name: 'ollama',
    baseUrl: 'http://127.0.0.1:11434/v1',
    keyVariable: 'OLLAMA_API_KEY',
    isKeyOptional: true,
    features: noFiles,
    price: free,
    quirks: { ...open, fields: { ...maxTokens, ...noParallel, tool_choice: null }, reasoningBack: 'reasoning' },
  },
  openrouter: {
    name: 'openrouter',
    baseUrl: 'https://openrouter.ai/api/v1',
    keyVariable: 'OPENROUTER_API_KEY',
    quirks: {
      reasoning: reasoningGrades(['none', 'minimal', ...threeGrades, 'xhigh'], (effort) => ({ reasoning: { effort } })),
      reasoningBack: 'reasoning_details',
      documents: 'bytes-or-url',
      cacheMark: {
        '5m': { cache_control: { type: 'ephemeral' } },
        '1h': { cache_control: { type: 'ephemeral', ttl: '1h' } },
      },
    },
  },
  perplexity: {
    name: 'perplexity',
    baseUrl: 'https://api.perplexity.ai',
    keyVariable: 'PERPLEXITY_API_KEY',
    features: { ...noFiles, tools: false, logProbs: false },
    quirks: {
      // The figures come with every chunk without being asked for.
      fields: { ...maxTokens, seed: null, stop: null, stream_options: null },
      reasoning: reasoningGrades(['minimal', ...threeGrades]),
      reasoningTag: 'think',
      hasBareSchema: true,
    },
  },
  together: {
    name: 'together',
    baseUrl: 'https://api.together.ai/v1',
    keyVariable: 'TOGETHER_API_KEY',
    // Its log-probabilities have a form of their own.
    features: { files: false, logProbs: false },
    quirks: {
      ...open,
      fields: { ...maxTokens, ...noParallel },
      reasoning: { none: { reasoning: { enabled: false } }, ...reasoningGrades(threeGrades) },
      reasoningBack: 'reasoning',
    },
  },
  vllm: {
    name: 'vllm',
    baseUrl: 'http://127.0.0.1:8000/v1',
    keyVariable: 'VLLM_API_KEY',
    isKeyOptional: true,
    price: free,
    quirks: { reasoning: allGrades, reasoningBack: 'reasoning', reasoningTag: 'think' },
  },
  xai: {
    name: 'xai',
    baseUrl: 'https://api.x.ai/v1',
    keyVariable: 'XAI_API_KEY',
    features: noSound,
    quirks: { reasoning: usual },
  },
  zai: {
    name: 'zai',
    baseUrl: 'https://api.z.ai/api/paas/v4',
    keyVariable: 'ZAI_API_KEY',
    features: { ...noFiles, jsonSchema: false, logProbs: false },
    quirks: {
      // It knows the tool choice `auto` only.
      fields: { ...maxTokens, ...noParallel, seed: null, tool_choice: null },
      reasoning: {
        none: thinking('disabled'),
        low: thinking('enabled', { reasoning_effort: 'low' }),
        high: thinking('enabled', { reasoning_effort: 'high' }),
        xhigh: thinking('enabled', { reasoning_effort: 'max' }),
      },
      reasoningBack: 'reasoning_content',
    },
  },
};

import { PipewrightError } from '../core/index.js';
import type { ChatModel } from '../model/index.js';

const makers: Readonly<Record<string, (name: string) => Promise<ChatModel>>> = {
  openai: async (name) => (await import('../provider/openai/index.js')).openai(name),
  anthropic: async (name) => (await import('../provider/anthropic/index.js')).anthropic(name),
  ollama: async (name) =>
    (await import('../provider/openai/index.js')).openai(name, {
      baseUrl: 'http://127.0.0.1:11434/v1',
      apiKey: 'ollama',
    }),
};

/**
 * The model that `--model` names: `extractive`, `openai:gpt-5-mini`, `anthropic:claude-sonnet-4-5`, `ollama:llama3.2`.
 * @throws {PipewrightError} `bad-option` for any other form.
 */
export const modelOf = async (option: string): Promise<ChatModel> => {
  if (option === 'extractive') return (await import('../provider/extractive/index.js')).extractive();
  const colon = option.indexOf(':');
  const provider = option.slice(0, Math.max(colon, 0));
  const name = option.slice(colon + 1);
  const make = Object.hasOwn(makers, provider) ? makers[provider] : undefined;
  if (make === undefined || name === '') {
    throw new PipewrightError(
      'bad-option',
      `\`${option}\` is no model. Use extractive, openai:MODEL, anthropic:MODEL or ollama:MODEL.`,
    );
  }
  return make(name);
};

import { createRun, type Run } from '../../core/index.js';
import { ollamaApi } from './api.js';
import type { OllamaOptions } from './ollama.js';

/** A model that a server has. */
export interface OllamaModel {
  /** As `ollama` takes it: `llama3.3:latest`. */
  readonly name: string;
  readonly sizeBytes: number;
  /** `llama`, `qwen3`, …; where the server says. */
  readonly family?: string;
  /** `8.0B`; where the server says. */
  readonly parameterSize?: string;
}

interface WireModel {
  readonly name?: string;
  readonly size?: number;
  readonly details?: { readonly family?: string; readonly parameter_size?: string };
}

/**
 * The models that an Ollama server has, in its order. Rejects with `connection-lost` when there is no server.
 * @example await listOllamaModels({ baseUrl: 'http://127.0.0.1:1' }).catch((error) => error.code) // => 'connection-lost'
 */
export const listOllamaModels = async (
  options: Pick<OllamaOptions, 'baseUrl' | 'apiKey' | 'headers'> = {},
  run: Run = createRun(),
): Promise<readonly OllamaModel[]> => {
  const { data } = await ollamaApi('ollama', options).ask('/api/tags', undefined, run);
  const { models } = (data ?? {}) as { readonly models?: readonly (WireModel | null)[] | null };
  return (Array.isArray(models) ? models : []).map(listed);
};

const listed = (wire: WireModel | null): OllamaModel => {
  const { name = '', size = 0, details } = wire ?? {};
  return {
    name,
    sizeBytes: size,
    ...(details?.family === undefined ? {} : { family: details.family }),
    ...(details?.parameter_size === undefined ? {} : { parameterSize: details.parameter_size }),
  };
};

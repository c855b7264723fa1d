import { defineStep, PipewrightError, type Run, type Step } from '../../core/index.js';
import { type ChatInput, type ChatRequest, requestOf } from '../../model/index.js';
import { checkBaseUrl } from '../shared/index.js';
import { type AnthropicOptions, anthropicSettings } from './anthropic.js';
import { type AnthropicClient, type AnthropicClientOptions, anthropicClient, ask, post } from './client.js';
import { type WireSettings, wireCount } from './request.js';

export interface AnthropicTokenCountOptions extends AnthropicClientOptions, Pick<AnthropicOptions, 'citesFiles'> {}

/**
 * A step that asks the server how many input tokens a request has: exact, also for pictures, documents, tools and thinking, and
 * free of charge. It takes what `anthropic(model)` takes. Throws what that throws.
 * @example inspect(anthropicTokenCount('claude-sonnet-4-5')).name // => 'anthropic:claude-sonnet-4-5 token count'
 */
export const anthropicTokenCount = (
  model: string,
  options: AnthropicTokenCountOptions = {},
): Step<ChatInput, number> => {
  checkBaseUrl(options.baseUrl);
  const settings = anthropicSettings(model, options);
  const client = anthropicClient(settings.id, options);
  return defineStep({ kind: 'token-count', name: `${settings.id} token count` }, (input: ChatInput, run) =>
    count(client, settings, requestOf(input), run),
  );
};

const count = async (
  client: AnthropicClient,
  settings: WireSettings,
  request: ChatRequest,
  run: Run,
): Promise<number> => {
  const { id } = settings;
  const wire = wireCount(settings, request, run);
  const data = await ask(client, id, run, async (signal) => {
    const response = await post(client, '/v1/messages/count_tokens', wire, { signal });
    return (await response.json()) as { readonly input_tokens?: unknown } | null;
  });
  const tokens = data?.input_tokens;
  if (typeof tokens === 'number') return tokens;
  throw new PipewrightError('model-failed', `${id} answered with something that is no count. Check the base URL.`);
};

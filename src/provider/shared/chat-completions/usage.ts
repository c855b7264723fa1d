import type { Usage } from '../../../core/index.js';
import type { WireChunk, WireUsage } from './chunk.js';

/** The figures of a chunk, wherever the server puts them. */
export const usageIn = ({ usage, x_groq }: WireChunk): Usage | undefined => {
  const wire = usage ?? x_groq?.usage;
  return wire === undefined || wire === null ? undefined : usageOf(wire);
};

/**
 * xAI and Google count reasoning in the total only, Mistral so the tokens of sound: what the total has beyond input and output
 * belongs to one of them.
 */
const usageOf = (wire: WireUsage): Usage => {
  const { prompt_tokens: prompt = 0, completion_tokens: completion = 0, total_tokens: total = 0 } = wire;
  const { cached_tokens, cache_write_tokens, audio_tokens } = wire.prompt_tokens_details ?? {};
  const beyond = Math.max(0, total - prompt - completion);
  const isInput = beyond === audio_tokens;
  const cached = cached_tokens ?? wire.cached_tokens ?? wire.num_cached_tokens ?? wire.prompt_cache_hit_tokens;
  const reasoning = wire.completion_tokens_details?.reasoning_tokens;
  return {
    inputTokens: prompt + (isInput ? beyond : 0),
    outputTokens: completion + (isInput ? 0 : beyond),
    ...(cached == null ? {} : { cachedInputTokens: cached }),
    ...(cache_write_tokens == null ? {} : { cacheWriteTokens: cache_write_tokens }),
    ...(reasoning == null ? {} : { reasoningTokens: reasoning }),
  };
};

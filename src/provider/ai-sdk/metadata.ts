import type { AiSdkJson, AiSdkMetadata } from './spec.js';

const prefix = 'ai-sdk:';

/** What an AI SDK model wants back with its own reasoning or call, in our one string. */
export const opaqueOf = (metadata: AiSdkMetadata | undefined): string | undefined =>
  metadata === undefined || Object.keys(metadata).length === 0 ? undefined : prefix + JSON.stringify(metadata);

/** The same the other way; what another provider wants back is none of this one's business. */
export const metadataOf = (opaque: string | undefined): AiSdkMetadata | undefined =>
  opaque?.startsWith(prefix) ? (JSON.parse(opaque.slice(prefix.length)) as AiSdkMetadata) : undefined;

/** Metadata that comes in pieces: later fields replace earlier ones, provider by provider. */
export const mergeMetadata = (
  earlier: AiSdkMetadata | undefined,
  later: AiSdkMetadata | undefined,
): AiSdkMetadata | undefined => {
  if (earlier === undefined || later === undefined) return later ?? earlier;
  const merged = { ...earlier };
  for (const [provider, facts] of Object.entries(later)) merged[provider] = { ...merged[provider], ...facts };
  return merged;
};

/** Our own entry in the metadata of a part that goes through the AI SDK and back. */
const own = 'pipewright';

export const ownMetadata = (facts: { [key: string]: unknown }): AiSdkMetadata => ({
  [own]: facts as { [key: string]: AiSdkJson },
});

export const ownFacts = (metadata: AiSdkMetadata | undefined): Readonly<Record<string, unknown>> =>
  metadata?.[own] ?? {};

import type { AiSdkMetadata } from './spec.js';

/*
 * What is read of AI SDK models. Versions 3 and 4 of the specification differ here in what has been added, and in how files are
 * written; so one loose shape reads both.
 */

/** A language model of the AI SDK: of its version 7 (specification 4) or 6 (specification 3), from any provider package. */
export interface AiSdkModel {
  readonly specificationVersion: string;
  readonly provider: string;
  readonly modelId: string;
  doGenerate(options: never): PromiseLike<unknown>;
  doStream(options: never): PromiseLike<unknown>;
}

export interface WireSource {
  readonly id: string;
  readonly url?: string;
  readonly title?: string;
}

export interface WireCitation {
  readonly source: WireSource;
  readonly startIndex?: number;
  readonly endIndex?: number;
  readonly citedText?: string;
}

/** Version 3 has the data itself, version 4 says of what kind it is. */
export type WireFileData = string | Uint8Array | URL | { readonly data?: string | Uint8Array; readonly url?: URL };

/** One piece of a reply, whole or in a stream; which fields there are depends on the type. */
export interface WirePart {
  readonly type: string;
  readonly id?: string;
  readonly delta?: string;
  readonly text?: string;
  readonly toolCallId?: string;
  readonly toolName?: string;
  readonly input?: string;
  readonly providerExecuted?: boolean;
  readonly result?: unknown;
  readonly isError?: boolean;
  readonly providerMetadata?: AiSdkMetadata;
  readonly citations?: readonly WireCitation[];
  readonly mediaType?: string;
  readonly data?: WireFileData;
  readonly url?: string;
  readonly title?: string;
  readonly warnings?: readonly WireWarning[];
  readonly modelId?: string;
  readonly usage?: WireUsage;
  readonly finishReason?: WireFinish;
  readonly error?: unknown;
}

export interface WireWarning {
  readonly type: string;
  readonly feature?: string;
  readonly setting?: string;
  readonly details?: string;
  readonly message?: string;
}

type Figure = number | null | undefined;

/** Nested, or flat as older models have it. */
export interface WireUsage {
  readonly inputTokens?: Figure | Partial<Record<'total' | 'cacheRead' | 'cacheWrite', Figure>>;
  readonly outputTokens?: Figure | Partial<Record<'total' | 'reasoning', Figure>>;
  readonly cachedInputTokens?: Figure;
  readonly reasoningTokens?: Figure;
}

/** An object, or a word as older models have it. */
export type WireFinish = string | { readonly unified: string; readonly raw?: string | undefined };

interface WireResponse {
  readonly modelId?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface WireGenerated {
  readonly content: readonly WirePart[];
  readonly finishReason?: WireFinish;
  readonly usage?: WireUsage;
  readonly warnings?: readonly WireWarning[];
  readonly response?: WireResponse;
}

export interface WireStreamed {
  readonly stream: ReadableStream<WirePart>;
  readonly response?: WireResponse;
}

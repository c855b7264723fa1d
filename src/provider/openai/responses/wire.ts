/** JSON on its way to the server, or from it. */
export type Wire = Readonly<Record<string, unknown>>;

/** What we read of an output item. Servers that only resemble the API leave out any of it. */
export interface WireItem {
  readonly type?: string;
  readonly id?: string | null;
  /** Of a message or of reasoning. */
  readonly content?: readonly WireContent[] | null;
  readonly phase?: string | null;
  /** Of reasoning. */
  readonly summary?: readonly WireContent[] | null;
  readonly encrypted_content?: string | null;
  /** Of a function call. */
  readonly call_id?: string | null;
  readonly name?: string | null;
  readonly arguments?: unknown;
  readonly namespace?: string | null;
  readonly caller?: unknown;
  /** Of a picture that was drawn: base64. */
  readonly result?: string | null;
  readonly output_format?: string | null;
}

export interface WireContent {
  readonly type?: string;
  readonly text?: string | null;
  readonly refusal?: string | null;
  readonly annotations?: readonly WireAnnotation[] | null;
  readonly logprobs?: readonly WireLogProb[] | null;
}

export interface WireAnnotation {
  readonly type?: string;
  readonly url?: string | null;
  readonly title?: string | null;
  readonly file_id?: string | null;
  readonly filename?: string | null;
  readonly start_index?: number | null;
  readonly end_index?: number | null;
  /** Of a file citation: the place behind which it stands. */
  readonly index?: number | null;
}

export interface WireLogProb {
  readonly token: string;
  readonly logprob: number;
  readonly top_logprobs?: readonly { readonly token: string; readonly logprob: number }[] | null;
}

export interface WireUsage {
  readonly input_tokens?: number | null;
  readonly output_tokens?: number | null;
  readonly input_tokens_details?: {
    readonly cached_tokens?: number | null;
    readonly cache_write_tokens?: number | null;
  } | null;
  readonly output_tokens_details?: { readonly reasoning_tokens?: number | null } | null;
}

export interface WireResponse {
  readonly model?: string | null;
  readonly status?: string | null;
  readonly output?: readonly WireItem[] | null;
  readonly usage?: WireUsage | null;
  readonly error?: WireFailure | null;
  readonly incomplete_details?: { readonly reason?: string | null } | null;
}

export interface WireFailure {
  readonly code?: string | null;
  readonly message?: string | null;
}

/** What we read of a stream event; `type` says which of the fields are there. */
export interface WireEvent extends WireFailure {
  readonly type: string;
  readonly error?: WireFailure | null;
  readonly response?: WireResponse;
  readonly item?: WireItem;
  readonly output_index?: number;
  readonly item_id?: string;
  readonly content_index?: number;
  readonly summary_index?: number;
  readonly delta?: string;
}

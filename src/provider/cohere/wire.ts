/** A message, a content part or a body in the form of the Chat API. */
export type Wire = Readonly<Record<string, unknown>>;

/** What is known of a call to the Chat API. */
export interface ChatSettings {
  readonly id: string;
  readonly model: string;
  readonly apiVersion: 1 | 2;
  readonly isStreaming: boolean;
}

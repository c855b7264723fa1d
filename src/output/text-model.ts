import type { JsonSchema, Message, Run, ToolCallPart } from '../core/index.js';

/** A tool as it is offered to a model. Every `ToolDefinition` is one. */
export interface TextTool {
  readonly name: string;
  readonly description: string;
  readonly inputSchema: JsonSchema;
}

/** What is asked of a model. Every `ChatRequest` whose output is not set is one. */
export interface TextRequest {
  readonly messages: readonly Message[];
  readonly output?: { readonly type: 'json-schema'; readonly name: string; readonly schema: JsonSchema };
  readonly tools?: readonly TextTool[];
  readonly toolChoice?: 'auto' | 'none' | 'required' | { readonly name: string };
}

/** What a model answers. Every `ChatReply` is one. */
export interface TextReply {
  readonly text: string;
  readonly finishReason?: string;
  readonly toolCalls?: readonly ToolCallPart[];
  readonly message?: Message;
}

/** The least that `structured` needs of a model. Every `ChatModel` is one, and so is any step that answers with text. */
export interface TextModel {
  (request: TextRequest, run?: Run): Promise<TextReply>;
  readonly features?: {
    readonly jsonSchema: boolean;
    readonly tools?: boolean;
    readonly jsonSchemaWithTools?: boolean;
  };
}

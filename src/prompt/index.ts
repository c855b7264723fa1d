export {
  type ChatPrompt,
  chatPrompt,
  type ChatPromptItem,
  type ChatPromptValues,
  type JoinedValues,
  type PromptMessage,
  type ValuesWithout,
} from './chat-prompt.js';
export {
  type Example,
  type ExampleFormOptions,
  exampleText,
  type ExampleTextOptions,
  exampleTurns,
} from './examples.js';
export { type Prompt, prompt } from './prompt.js';
export {
  examples,
  type ExamplesSlot,
  history,
  type HistorySlot,
  type ListSlot,
  parts,
  type PartsSlot,
  type SlotItems,
  type SourceLike,
  sources,
  type SourcesSlot,
} from './slots.js';
export { literal, type TextTemplate } from './template.js';
export type { PromptValue, PromptValues, Variables } from './variables.js';

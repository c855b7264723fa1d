export { type ChatPrompt, chatPrompt, type ChatPromptItem, type ChatPromptValues } from './chat-prompt.js';
export { type Prompt, prompt } from './prompt.js';
export { history, type HistorySlot, type SourceLike, sources, type SourcesSlot } from './slots.js';
export { literal } from './template.js';
export type { PromptValue, PromptValues, Variables } from './variables.js';

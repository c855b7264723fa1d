export { brief, type BriefParts } from './brief.js';
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
export type {
  ExampleLimits,
  ExampleQuery,
  ExampleQueryOptions,
  ExampleSelector,
} from './example-limits.js';
export {
  type ExampleStore,
  exampleStore,
  type ListExamplesOptions,
  type SimilarExamplesOptions,
  type StoredExample,
} from './example-store.js';
export { fixedExamples, type FixedExamplesOptions } from './fixed-examples.js';
export type { LintFinding, LintPlace, LintRule, LintSeverity } from './lint/finding.js';
export { lint, type Lintable, type LintOptions } from './lint/lint.js';
export { type Persona, type PersonaName, personas, personaText } from './personas.js';
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

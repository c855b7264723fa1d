export { type AnswerFormOptions, type AnswerMode, answerForm, type AskedAnswer } from './answer-form.js';
export { parseJson } from './parse-json.js';
export { type PartialJson, partialJson, type PartialJsonOptions } from './partial-json.js';
export { type DeepPartial, partials, type PartialsOptions } from './partials.js';
export { type StrictSchema, strictSchema } from './strict-value.js';
export { structured, type StructuredOptions } from './structured.js';
export type { TextModel, TextReply, TextRequest, TextTool } from './text-model.js';

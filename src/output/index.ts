export { parseJson } from './parse-json.js';
export { type PartialJson, partialJson, type PartialJsonOptions } from './partial-json.js';
export { partialValues } from './partial-values.js';
export { type StrictSchema, strictSchema } from './strict-value.js';
export { structured, type StructuredOptions, type TextModel, type TextReply, type TextRequest } from './structured.js';

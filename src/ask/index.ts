export { modelStep, type ModelStepParts } from './model-step.js';
export {
  answerSchema,
  booleanSchema,
  choiceSchema,
  integerSchema,
  isText,
  listIn,
  listSchema,
  member,
  numberIn,
  numberSchema,
  objectSchema,
  oneText,
  type Read,
  textIn,
  textsIn,
  textSchema,
} from './schema.js';

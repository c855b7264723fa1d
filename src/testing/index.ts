
export {
  callsTool,
  type ScriptAction,
  scripted,
  type ScriptedModel,
  type ScriptedOptions,
  type ScriptTurn,
} from './scripted.js';

export {
  type BadServer,
  type BadServerOptions,
  badServer,
  type Behaviour,
  type Behaviours,
  type RecordedRequest,
  sseText,
} from './bad-server.js';
export { record, replay, type ReplayOptions } from './cassette.js';
export { type ManualClock, manualClock, type ManualClockOptions } from './manual-clock.js';
export {
  type ReceivedRequest,
  type RecordedExchange,
  type ReplayServer,
  replayServer,
  type ReplayServerOptions,
} from './replay-server.js';
export {
  callsTool,
  type ScriptAction,
  scripted,
  type ScriptedModel,
  type ScriptedOptions,
  type ScriptTurn,
} from './scripted.js';
export { type TestRun, testRun, type TestRunOptions } from './test-run.js';

export {
  type BadServer,
  type BadServerOptions,
  badServer,
  type Behaviour,
  type Behaviours,
  type RecordedRequest,
  sseText,
} from './bad-server.js';
export {
  cassette,
  type CassetteMode,
  type CassetteOptions,
  replay,
  type Replayed,
  type ReplayOptions,
} from './cassette.js';
export type { InputKey, UnusedCall } from './cassette-player.js';
export { record, type RecordOptions } from './cassette-record.js';
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

export type { ChatQuirks, ReasoningGrades, ReasoningPlace } from '../shared/index.js';
export { compatible, type CompatibleOptions, connectionOf } from './compatible.js';
export { type CompatibleServerName, compatibleServers } from './presets.js';
export type { CompatibleServer, Connection, ConnectionOptions } from './server.js';

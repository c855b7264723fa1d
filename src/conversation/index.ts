export type { LoggedMessage, NewMessage } from './logged-message.js';
export { type MessageLog, messageLog, type MessageLogOptions, type TailOptions } from './message-log.js';

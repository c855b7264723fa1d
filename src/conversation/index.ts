export { conversations } from './conversations.js';
export type { LoggedMessage, NewMessage } from './logged-message.js';
export { type MessageLog, messageLog, type MessageLogOptions, type TailOptions } from './message-log.js';
export { conversationMarkdown } from './transfer.js';
export type {
  BranchPoint,
  Conversation,
  ConversationExport,
  ConversationPage,
  ConversationPatch,
  Conversations,
  ConversationsOptions,
  ConversationStatistics,
  DaySums,
  ListOptions,
  MessageHit,
  MessageSearchOptions,
  MessageSums,
  NewConversation,
  StatisticsOptions,
} from './types.js';

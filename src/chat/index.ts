export { chatbot } from './chatbot.js';
export type {
  Chatbot,
  ChatbotOptions,
  ChatbotReply,
  ChatTurn,
  ChatTurnWithOptions,
  TurnStatistics,
} from './types.js';

export { mcpClient } from './client/mcp-client.js';
export type { McpDrift, McpPins } from './client/pins.js';
export { mcpResourceTool, type ResourceToolInput } from './client/resource-tool.js';
export type {
  McpAddress,
  McpAnswer,
  McpAnswers,
  McpClient,
  McpClientOptions,
  McpCommand,
  McpContent,
  McpLink,
  McpLog,
  McpPrompt,
  McpPromptVariable,
  McpQuestion,
  McpReply,
  McpResource,
  McpResourceTemplate,
  McpSampling,
  McpServerInfo,
  McpSource,
  McpTool,
} from './client/types.js';
export { mcpServer } from './server/mcp-server.js';
export type {
  McpServer,
  McpServerOptions,
  ServedHttp,
  ServedPrompt,
  ServedResources,
  StdioStreams,
} from './server/types.js';

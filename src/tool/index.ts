export { calculator } from './builtin/calculator.js';
export { fileTools, type FileToolsOptions } from './builtin/file-tools.js';
export type { HttpToolRequest, HttpToolResponse } from './builtin/guarded-request.js';
export { httpTool, type HttpToolOptions } from './builtin/http-tool.js';
export { type FoundPassage, searchTool, type SearchToolOptions } from './builtin/search-tool.js';
export { jsonSchema } from './json-schema.js';
export { type Approval, type ApprovalRequest, approvalsKey } from './approval.js';
export {
  type Policy,
  type PolicyDecision,
  type PolicyOptions,
  type PolicyRule,
  policy,
  type Verdict,
} from './policy.js';
export { repairInput } from './repair-input.js';
export { type Tool, type ToolOptions, tool } from './tool.js';
export { type Toolbox, toolbox, type ToolboxOptions } from './toolbox.js';
export type { TextProtocol } from './text-request.js';
export { withTools, type WithToolsOptions } from './with-tools.js';

export { calculator } from './builtin/calculator.js';
export { fileTools, type FileToolsOptions } from './builtin/file-tools.js';
export { jsonSchema } from './json-schema.js';
export { repairInput } from './repair-input.js';
export { type Tool, type ToolOptions, tool } from './tool.js';
export { type Toolbox, toolbox, type ToolboxOptions } from './toolbox.js';
export type { TextProtocol } from './text-request.js';
export { withTools, type WithToolsOptions } from './with-tools.js';

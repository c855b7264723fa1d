export { calculator } from './builtin/calculator.js';
export { braveSearch } from './builtin/brave-search.js';
export { type CodeRequest, type CodeResult, codeTool, type CodeToolOptions } from './builtin/code-tool.js';
export { type DateAnswer, type DateRequest, dateTool, type DateToolOptions } from './builtin/date-tool.js';
export type { DateDifference, DateFacts, DateUnit } from './builtin/date-math.js';
export {
  type DateLanguage,
  type ExtractDatesOptions,
  type ExtractedDate,
  type ExtractedNumber,
  type ExtractedValues,
  extractDates,
  extractNumbers,
  type ExtractRequest,
  extractTool,
  type ExtractToolOptions,
} from './builtin/extract-tool.js';
export { editText, type TextEdit, type TextOperation } from './builtin/edit-text.js';
export { formatTable, type TableForm } from './builtin/format-table.js';
export {
  countText,
  type FormatTableRequest,
  type TextCounts,
  textTools,
  type TextToolsOptions,
} from './builtin/text-tools.js';
export {
  type ColumnSummary,
  describeTable,
  type NumberSummary,
  type TableSummary,
} from './builtin/describe-table.js';
export { fileTools, type FileToolsOptions } from './builtin/file-tools.js';
export type { HttpToolRequest, HttpToolResponse } from './builtin/guarded-request.js';
export { httpTool, type HttpToolOptions } from './builtin/http-tool.js';
export { joinTables, type JoinTablesOptions } from './builtin/join-tables.js';
export {
  type Aggregate,
  queryTable,
  type TableAggregate,
  type TableQuery,
  type TableSort,
} from './builtin/query-table.js';
export { readTable, type ReadTableOptions, type Table } from './builtin/table.js';
export type { CellValue, ColumnType, DecimalMark, TableColumn } from './builtin/table-cells.js';
export {
  type ShownRows,
  type TableJoin,
  type TableRequest,
  type TableSource,
  tableTools,
  type TableToolsOptions,
} from './builtin/table-tools.js';
export {
  type PageRequest,
  type PageText,
  readPageTool,
  type ReadPageToolOptions,
} from './builtin/read-page-tool.js';
export type { SearchApiOptions } from './builtin/search-api.js';
export { tavilySearch } from './builtin/tavily-search.js';
export {
  type FoundPages,
  type Freshness,
  type WebSearch,
  type WebSearchQuery,
  type WebSearchResult,
  webSearchTool,
  type WebSearchToolOptions,
} from './builtin/web-search.js';
export { type FoundPassage, searchTool, type SearchToolOptions } from './builtin/search-tool.js';
export { jsonSchema } from './json-schema.js';
export { type Approval, type ApprovalRequest, approvalsKey, calledBy } from './approval.js';
export type { Audit, AuditEntry, AuditEvent } from './audit.js';
export { type AuditCheck, type AuditHead, type AuditLog, auditLog, type AuditLogOptions } from './audit-log.js';
export {
  type Policy,
  type PolicyContext,
  type PolicyDecision,
  type PolicyOptions,
  type PolicyRule,
  policy,
  type Verdict,
} from './policy.js';
export { taintKey, taintOf } from './taint.js';
export { reliableTool, type ReliableToolOptions } from './reliable-tool.js';
export { repairInput } from './repair-input.js';
export { type Tool, type ToolOptions, type ToolTraits, tool } from './tool.js';
export { type ToolMetrics, toolMetrics, type ToolMetricsOptions, type ToolPerformance } from './tool-metrics.js';
export { type Toolbox, toolbox, type ToolboxOptions } from './toolbox.js';
export type { TextProtocol } from './text-request.js';
export { withTools, type WithToolsOptions } from './with-tools.js';

export { toCypher, toGraphml, neighbourhoodMermaid } from './graph-formats.js';
export type { GraphRecord } from './graph-state.js';
export type { GraphStats } from './graph-stats.js';
export type { GraphChange, GraphFailure } from './graph-writes.js';
export { passagesOfReports, rankReports } from './global-search.js';
export {
  type KnowledgeGraph,
  knowledgeGraph,
  type KnowledgeGraphOptions,
  type NeighbourOptions,
  type PathOptions,
} from './knowledge-graph.js';
export { lexicalExtractor, type LexicalExtractorOptions } from './lexical-extractor.js';
export type { GraphRetrieverOptions } from './local-search.js';
export { modelExtractor, type ModelExtractorOptions } from './model-extractor.js';
export { modelReporter, type ModelReporterOptions } from './model-reporter.js';
export { nameKey } from './name-key.js';
export type { GraphData, LinkData, NodeData } from './node-link.js';
export type { CommunityOptions, Reporter, ReportOptions, WrittenReport } from './reports.js';
export { similarEntities, type SimilarEntities, type SimilarEntitiesOptions } from './similar-entities.js';
export type {
  Community,
  CommunityReport,
  Entity,
  EntityPath,
  ExtractedEntity,
  ExtractedRelation,
  Extraction,
  Extractor,
  Mention,
  Neighbour,
  Relation,
} from './types.js';

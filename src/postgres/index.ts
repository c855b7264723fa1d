export { postgres, type Postgres, type PostgresOptions } from './connection.js';
export type { PgliteDatabase, PgliteTransaction } from './embedded.js';
export { postgresKeywords, type PostgresKeywordsOptions } from './keywords.js';
export type { PostgresClient, PostgresPool } from './server.js';
export type { Driver, QueryOptions, Session, SqlRow, SqlValue, TransactionOptions } from './session.js';
export { postgresStore, type PostgresStoreOptions } from './store.js';
export type { PostgresIndexOptions, PostgresVectorsOptions, VectorPrecision } from './vector-options.js';
export { postgresVectors, type PostgresVectorStore } from './vectors.js';

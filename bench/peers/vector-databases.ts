// The databases among the peers of bench/vectors, told to do the same job.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { VectorContender } from '../lib/vector-contender.js';
import { documentOf } from '../lib/vector-data.js';
import { efforts, only, peer } from './vector-peer.js';

export const lanceDb: VectorContender = {
  name: 'LanceDB, IVF-HNSW-SQ',
  fill: async ({ vectors, shares }) => {
    interface Query {
      readonly distanceType: (type: string) => Query;
      readonly limit: (k: number) => Query;
      readonly ef: (ef: number) => Query;
      readonly where: (filter: string) => Query;
      readonly select: (columns: readonly string[]) => Query;
      readonly toArray: () => Promise<readonly { readonly id: string }[]>;
    }
    type Table = {
      readonly createIndex: (column: string, options: object) => Promise<void>;
      readonly vectorSearch: (query: Float32Array) => Query;
    };
    type Connection = { readonly createTable: (name: string, rows: readonly object[]) => Promise<Table> };
    type Lance = {
      readonly connect: (path: string) => Promise<Connection>;
      readonly Index: { readonly hnswSq: (options: object) => object };
    };
    const { connect, Index } = await peer<Lance>('@lancedb/lancedb');
    const folder = await mkdtemp(join(tmpdir(), 'lancedb-'));
    const rows = vectors.map((vector, row) => {
      const { id, text, metadata } = documentOf(row, shares[row] ?? 0);
      return { id, text, share: metadata.share, vector };
    });
    const table = await (await connect(folder)).createTable('passages', rows);
    const config = Index.hnswSq({ distanceType: 'cosine', m: 16, efConstruction: 200, numPartitions: 1 });
    await table.createIndex('vector', { config });
    const search = async (
      query: Float32Array,
      k: number,
      ef: number,
      permille?: number,
    ): Promise<readonly string[]> => {
      const asked = table
        .vectorSearch(query)
        .distanceType('cosine')
        .limit(k)
        .ef(Math.max(k, ef))
        .select(['id', 'text', 'share', '_distance']);
      const found = await (permille === undefined ? asked : asked.where(`share < ${permille}`)).toArray();
      return found.map(({ id }) => id);
    };
    return { efforts, search, searchFiltered: search, close: () => rm(folder, { recursive: true }) };
  },
};

export const sqliteVec: VectorContender = {
  name: 'sqlite-vec',
  fill: async ({ vectors, shares, dimensions }) => {
    interface Statement {
      readonly run: (...values: readonly unknown[]) => unknown;
      readonly all: (...values: readonly unknown[]) => readonly { readonly id: number; readonly text: string }[];
    }
    interface Database {
      readonly exec: (sql: string) => void;
      readonly prepare: (sql: string) => Statement;
      readonly loadExtension: (path: string) => void;
      readonly close: () => void;
    }
    type Sqlite = { readonly DatabaseSync: new (path: string, options: object) => Database };
    const { DatabaseSync } = await peer<Sqlite>('node:sqlite');
    const { getLoadablePath } = await peer<{ readonly getLoadablePath: () => string }>('sqlite-vec');
    const db = new DatabaseSync(':memory:', { allowExtension: true });
    db.loadExtension(getLoadablePath());
    db.exec(
      `create virtual table v using vec0(embedding float[${dimensions}] distance_metric=cosine, share integer);
       create table d(id integer primary key, text text)`,
    );
    const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array) =>
      new Uint8Array(buffer, byteOffset, byteLength);
    const [addVector, addText] = [
      db.prepare('insert into v(rowid, embedding, share) values (?, ?, ?)'),
      db.prepare('insert into d(id, text) values (?, ?)'),
    ];
    db.exec('begin');
    for (const [row, vector] of vectors.entries()) {
      const { text, metadata } = documentOf(row, shares[row] ?? 0);
      addVector.run(BigInt(row), bytesOf(vector), BigInt(metadata.share));
      addText.run(row, text);
    }
    db.exec('commit');
    const sql = (filter: string) =>
      `select d.id, d.text from v join d on d.id = v.rowid where embedding match ? and k = ? ${filter}`;
    const [plain, filtered] = [db.prepare(sql('')), db.prepare(sql('and share < ?'))];
    return {
      efforts: only,
      search: (query, k) => plain.all(bytesOf(query), BigInt(k)).map(({ id }) => String(id)),
      searchFiltered: (query, k, _effort, permille) =>
        filtered.all(bytesOf(query), BigInt(k), BigInt(permille)).map(({ id }) => String(id)),
      close: async () => db.close(),
    };
  },
};

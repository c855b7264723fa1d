import { createRun, type Run, sleep } from '../core/index.js';
import type { Documents } from './documents.js';
import type { VectorNames } from './pgvector.js';
import type { Session } from './session.js';
import type { PostgresIndexOptions } from './vector-options.js';
import { readSums } from './catalog.js';

/** Looks after the HNSW index of a collection. Rows are faster written without it, so it is built when they are searched. */
export interface VectorIndex {
  /** Whether a search may have followed the index: asks the server on the connection of the search, unless it is known. */
  readonly isThere: (session: Session) => Promise<boolean>;
  /** Builds the index in the background when the collection has grown large enough and has none. */
  readonly wake: () => void;
  /** Builds the index where it is missing and worth it, and resolves when it is there. */
  readonly settle: (run?: Run) => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** How many searches of a collection without an index pass before it is asked again whether it has grown. */
const searchesBetweenLooks = 64;
const pollMs = 250;

type State = 'missing' | 'unfinished' | 'ready';

/** What statements about one index need. */
interface Place {
  readonly documents: Documents;
  /** Qualified name of the index, and its name alone. */
  readonly index: string;
  readonly indexName: string;
  readonly operatorClass: string;
  readonly options: Required<PostgresIndexOptions>;
}

const stateOf = async ({ index }: Place, session: Pick<Session, 'query'>): Promise<State> => {
  const [found] = await session.query<{ valid: boolean }>(
    'SELECT indisvalid AS valid FROM pg_index WHERE indexrelid = to_regclass($1)',
    [index],
  );
  if (found === undefined) return 'missing';
  return found.valid ? 'ready' : 'unfinished';
};

/** One process at a time builds; the lock goes with the connection. */
const lockBuild = async ({ index }: Place, session: Session, run: Run): Promise<void> => {
  for (;;) {
    const [row] = await session.query<{ taken: boolean }>('SELECT pg_try_advisory_lock(hashtext($1)) AS taken', [
      index,
    ]);
    if (row?.taken === true) return;
    await sleep(pollMs, run);
  }
};

const buildAlone = async (place: Place, session: Session): Promise<void> => {
  const { documents, index, indexName, operatorClass, options } = place;
  // On a server others go on writing meanwhile. The embedded Postgres has nobody else, and cannot.
  const concurrently = documents.db.isServer ? 'CONCURRENTLY' : '';
  const state = await stateOf(place, session);
  if (state === 'ready') return;
  if (state === 'unfinished') await session.query(`DROP INDEX ${concurrently} ${index}`);
  await session.query(
    `CREATE INDEX ${concurrently} "${indexName}" ON ${documents.table} USING hnsw (embedding ${operatorClass})
     WITH (m = ${options.m}, ef_construction = ${options.efConstruction})`,
  );
  await session.query(`ANALYZE ${documents.table}`);
};

/** Builds the index unless it is there, or the collection is small; tells whether it is there then. */
const build = async (place: Place, run: Run): Promise<boolean> => {
  const { documents, index, options } = place;
  const { db, name } = documents;
  if ((await stateOf(place, db)) === 'ready') return true;
  if ((await readSums(db, db, name)).count < options.minCount) return false;
  await db.unlimited(
    async (session) => {
      await lockBuild(place, session, run);
      try {
        await buildAlone(place, session);
      } finally {
        await session.query('SELECT pg_advisory_unlock(hashtext($1))', [index]);
      }
    },
    { run },
  );
  return true;
};

export const vectorIndex = (
  documents: Documents,
  { operatorClass }: VectorNames,
  options: Required<PostgresIndexOptions>,
): VectorIndex => {
  const indexName = `${documents.name}_hnsw`;
  const index = `"${documents.db.schema}"."${indexName}"`;
  const place: Place = { documents, index, indexName, operatorClass, options };
  const closing = new AbortController();
  let isReady = false;
  let searches = 0;
  let building: Promise<void> | undefined;
  const buildOnce = async (run: Run): Promise<void> => {
    isReady ||= await build(place, run);
  };
  return {
    isThere: async (session) => {
      isReady ||= (await stateOf(place, session)) === 'ready';
      return isReady;
    },
    wake: () => {
      if (isReady || building !== undefined || closing.signal.aborted) return;
      if (searches++ % searchesBetweenLooks !== 0) return;
      building = buildOnce(createRun({ signal: closing.signal }))
        // Searches work without; `settle` tells what is wrong.
        .catch(() => undefined)
        .finally(() => {
          building = undefined;
        });
    },
    settle: async (run) => {
      await building;
      await buildOnce(run ?? createRun({ signal: closing.signal }));
    },
    stop: async () => {
      closing.abort();
      await building;
    },
  };
};

import { type Metric, PipewrightError } from '../core/index.js';
import { hasState } from './errors.js';
import type { Session } from './session.js';
import type { VectorSettings } from './vector-options.js';

/** The names of pgvector as they stand in statements: qualified, since its schema need not be on the search path. */
export interface VectorNames {
  /** Type of the column, with its length. */
  readonly type: string;
  /** Between two vectors: the smaller, the nearer. */
  readonly operator: string;
  readonly operatorClass: string;
}

const operators: Readonly<Record<Metric, readonly [operator: string, operatorClass: string]>> = {
  // Vectors under the cosine have length 1, so the inner product is their cosine, and cheaper.
  cosine: ['<#>', 'ip'],
  dot: ['<#>', 'ip'],
  euclidean: ['<->', 'l2'],
};

/** The score of a hit from what the operator gave: the cosine, the dot product, or 1 / (1 + distance). */
export const scoreOf = (metric: Metric, distance: number): number => {
  if (metric === 'euclidean') return 1 / (1 + distance);
  // Rounding may carry the cosine of equal directions a little above 1.
  return metric === 'cosine' ? Math.max(-1, Math.min(1, -distance)) : -distance;
};

/** Makes the extension where it is missing; the caller holds the lock of the catalogue. */
export const ensureVector = async (session: Session, where: string): Promise<void> => {
  const [found] = await session.query(`SELECT 1 FROM pg_extension WHERE extname = 'vector'`);
  if (found !== undefined) return;
  try {
    await session.query('CREATE EXTENSION vector');
  } catch (error) {
    const { cause } = error as { readonly cause?: unknown };
    if (!hasState(cause, '0A000') && !hasState(cause, '58P01')) throw error;
    throw new PipewrightError(
      'dependency-missing',
      `${where} has no pgvector. Install the extension on the server (Debian: postgresql-17-pgvector).`,
      { cause },
    );
  }
};

/** Where the extension is, once it is there. */
export const vectorNames = async (
  { query }: Pick<Session, 'query'>,
  where: string,
  settings: VectorSettings,
): Promise<VectorNames> => {
  const [found] = await query<{ schema: string; version: string }>(
    `SELECT quote_ident(nspname) AS schema, extversion AS version
     FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE extname = 'vector'`,
  );
  const [major = 0, minor = 0] = (found?.version ?? '0').split('.').map(Number);
  if (found === undefined || (major === 0 && minor < 8)) {
    throw new PipewrightError(
      'unsupported',
      `${where} has pgvector ${found?.version ?? 'no longer'}; 0.8 or newer is needed. Update it, then: ALTER EXTENSION vector UPDATE.`,
    );
  }
  const [operator, operatorClass] = operators[settings.metric];
  const type = settings.precision === 'float16' ? 'halfvec' : 'vector';
  return {
    type: `${found.schema}.${type}(${settings.dimensions})`,
    operator: `OPERATOR(${found.schema}.${operator})`,
    operatorClass: `${found.schema}.${type}_${operatorClass}_ops`,
  };
};

export const vectorText = (vector: Float32Array): string => `[${vector.join(',')}]`;

export const vectorOf = (text: string): Float32Array => Float32Array.from(JSON.parse(text) as number[]);

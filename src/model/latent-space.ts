import { PipewrightError } from '../core/index.js';
import type { TermWeights } from './latent-terms.js';

/** What a fit found: for each term its weight and its place on each of the directions. */
export interface LatentSpace extends TermWeights {
  readonly dimensions: number;
  /** Row by row, one row of `dimensions` numbers for each term. */
  readonly directions: Float32Array;
  /** What the analyzer made of `probeText`: another analyzer would look for other terms. */
  readonly probe: readonly string[];
}

/** Shows how an analyzer cuts, stems and leaves out, in several languages. */
export const probeText = 'The refunds were paid to getAccountById, die Häuser, les maisons, 東京都 and p-retry';

const magic = 'pwlatent';
const version = 1;
/** The magic, the version, and a SHA-256 of all that follows. */
const headLength = magic.length + 4 + 32;

const sha256 = (bytes: Uint8Array): Buffer =>
  process.getBuiltinModule('node:crypto').createHash('sha256').update(bytes).digest();

const bytesOf = (values: Float32Array): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

/** The space as bytes: the same space gives the same ones. */
export const encodeSpace = ({ terms, weights, directions, dimensions, probe }: LatentSpace): Uint8Array => {
  const facts = Buffer.from(JSON.stringify({ dimensions, terms, probe }));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(facts.length);
  const body = Buffer.concat([length, facts, bytesOf(weights), bytesOf(directions)]);
  const head = Buffer.alloc(headLength);
  head.write(magic, 'latin1');
  head.writeUInt32LE(version, magic.length);
  head.set(sha256(body), magic.length + 4);
  return new Uint8Array(Buffer.concat([head, body]));
};

/** Twelve hexadecimal digits that tell one space from another. */
export const fingerprint = (encoded: Uint8Array): string =>
  Buffer.from(encoded.subarray(magic.length + 4, headLength))
    .toString('hex')
    .slice(0, 12);

const damaged = (): PipewrightError =>
  new PipewrightError('store-damaged', 'These are not the whole bytes of a latent embedder. Fit it anew.');

/** Throws `store-damaged` or `store-newer`. */
export const decodeSpace = (bytes: Uint8Array): LatentSpace => {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.length < headLength + 4 || buffer.toString('latin1', 0, magic.length) !== magic) throw damaged();
  const found = buffer.readUInt32LE(magic.length);
  if (found > version) {
    const message = `This latent embedder was saved by a newer pipewright (format ${found}; this one reads ${version}). Update pipewright.`;
    throw new PipewrightError('store-newer', message);
  }
  const body = buffer.subarray(headLength);
  if (!sha256(body).equals(buffer.subarray(magic.length + 4, headLength))) throw damaged();
  const start = 4 + body.readUInt32LE(0);
  const facts = JSON.parse(body.toString('utf8', 4, start)) as Pick<LatentSpace, 'dimensions' | 'terms' | 'probe'>;
  const weightsEnd = start + 4 * facts.terms.length;
  return {
    ...facts,
    weights: floatsOf(body.subarray(start, weightsEnd)),
    directions: floatsOf(body.subarray(weightsEnd)),
  };
};

/** A copy, which begins where a `Float32Array` may. */
const floatsOf = (bytes: Uint8Array): Float32Array => new Float32Array(Uint8Array.from(bytes).buffer);

import { type ErrorCode, isPipewrightError, scrubText } from '../../core/index.js';

/** Codes of JSON-RPC 2.0, and the one that the protocol adds. */
const codes: Partial<Record<ErrorCode, number>> = {
  'bad-input': -32_602,
  'not-found': -32_002,
  'variable-missing': -32_602,
  'variable-extra': -32_602,
};
const internalError = -32_603;

/** An error as a client gets it. What is not ours to show stays here. */
export const protocolError = (error: unknown): Error => {
  if (!isPipewrightError(error)) return Object.assign(new Error('Internal error'), { code: internalError });
  return Object.assign(new Error(scrubText(error.message)), { code: codes[error.code] ?? internalError });
};

/** A handler whose failures are such errors. */
export const answering =
  <In extends unknown[], Out>(answer: (...given: In) => Promise<Out>): ((...given: In) => Promise<Out>) =>
  async (...given) => {
    try {
      return await answer(...given);
    } catch (error) {
      throw protocolError(error);
    }
  };

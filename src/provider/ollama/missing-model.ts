import { PipewrightError } from '../../core/index.js';

/**
 * The failure of a call; where the server does not have the model, one that says how to get it.
 * @param error what `httpJson` or `httpEvents` threw, or ours
 */
export const withPullAdvice = (error: unknown, id: string, model: string): unknown => {
  const { status, error: body } = (error ?? {}) as { readonly status?: number; readonly error?: unknown };
  const { error: said } = (body ?? {}) as { readonly error?: unknown };
  // A 404 without this body comes from something else that listens there.
  if (status !== 404 || typeof said !== 'string' || !said.includes('not found')) return error;
  return new PipewrightError('not-found', `${id} answered 404: ${said}. Run: ollama pull ${model}`, {
    details: { status },
  });
};

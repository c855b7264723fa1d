interface HttpFailure {
  readonly status?: number;
  readonly error?: unknown;
}

/** What `httpJson` or `httpEvents` threw; where the server does not have the model, with the command that gets it. */
export const withPullAdvice = (failure: unknown, model: string): unknown => {
  const { status, error: body } = (failure ?? {}) as HttpFailure;
  const { error: said } = (body ?? {}) as { readonly error?: unknown };
  // A 404 without these words comes from something else that listens there.
  if (status !== 404 || typeof said !== 'string' || !said.includes('not found')) return failure;
  return Object.assign(new Error(said), failure, { error: { error: `${said}. Run: ollama pull ${model}` } });
};

import { expectTypeOf, test } from 'vitest';
import { pipe, type Step } from '../core/index.js';
import { balance, bulkhead, circuitBreaker, fallback, hedge, rateLimit, rateLimiter, retry, timeout } from './index.js';

interface Model extends Step<string, { readonly text: string }> {
  readonly id: string;
}
declare const openai: Model;
declare const anthropic: Model;
const canned = (question: string): { readonly text: string } => ({ text: question });

test('decorated models are still models', () => {
  expectTypeOf(retry(openai)).toEqualTypeOf<Model>();
  expectTypeOf(timeout(retry(openai), { totalMs: 1 })).toEqualTypeOf<Model>();
  expectTypeOf(fallback(retry(openai), anthropic, canned)).toEqualTypeOf<Model>();
  expectTypeOf(fallback([retry(openai), anthropic], { onPartial: 'fail' })).toEqualTypeOf<Model>();
});

test('so they are under limits, in balance and beside themselves', () => {
  const limits = [{ requests: 1 }];
  expectTypeOf(hedge(circuitBreaker(rateLimit(bulkhead(openai), { limits })))).toEqualTypeOf<Model>();
  expectTypeOf(rateLimit(openai, rateLimiter({ limits }))).toEqualTypeOf<Model>();
  expectTypeOf(balance([openai, anthropic, canned], { keyOf: (question: string) => question })).toEqualTypeOf<Model>();
  rateLimit(openai, { limits, estimateTokens: (question: string) => question.length });
  // @ts-expect-error it answers with a number
  balance([openai, (question: string) => question.length]);
});

test('plain functions become steps, and untyped ones learn their input from the first', () => {
  expectTypeOf(retry(canned)).toEqualTypeOf<Step<string, { readonly text: string }>>();
  expectTypeOf(fallback(canned, (question) => ({ text: question.trim() }))).toEqualTypeOf<
    Step<string, { readonly text: string }>
  >();
});

test('they fit into a pipe behind a step without types', () => {
  const ask = pipe(
    (n: number) => n * 2,
    (n) => n.toFixed(),
    fallback(retry(openai), canned),
    (reply) => reply.text,
  );
  expectTypeOf(ask).toEqualTypeOf<Step<number, string>>();
});

test('an alternative of another type is marked', () => {
  // @ts-expect-error it answers with a number
  fallback(openai, (question: string) => question.length);
  // @ts-expect-error it asks for a number
  fallback(openai, (n: number) => ({ text: `${n}` }));
  // @ts-expect-error the same in a list
  fallback([openai, (n: number) => ({ text: `${n}` })], {});
  // @ts-expect-error a limit is a number
  timeout(openai, { totalMs: '1s' });
});

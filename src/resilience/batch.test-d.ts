import { expectTypeOf, test } from 'vitest';
import type { Embedder, Step } from '../core/index.js';
import type { BatchModel, ChatInput, ChatModel, ChatReply } from '../model/index.js';
import { batch, budget, cache, type CacheControl, resilient, retry, semanticCache } from './index.js';

declare const model: ChatModel;
declare const embedder: Embedder;
declare const batchModel: BatchModel;

test('a batched step takes one item and gives one result', () => {
  expectTypeOf(batch(embedder)).toEqualTypeOf<Step<string, Float32Array>>();
  expectTypeOf(
    batch((items: readonly number[]): Promise<readonly (string | RangeError)[]> => Promise.resolve(items.map(String))),
  ).toEqualTypeOf<Step<number, string>>();
  const replies = batch(batchModel, {
    unwrap: (outcome) => {
      if (!outcome.isOk) throw outcome.error;
      return outcome.reply;
    },
    weight: (input) => (typeof input === 'string' ? input.length : 1),
  });
  expectTypeOf(replies).toEqualTypeOf<Step<ChatInput, ChatReply>>();
});

test('the other decorators keep the type of a model', () => {
  expectTypeOf(budget(model, { maxCalls: 1 })).toEqualTypeOf<ChatModel>();
  expectTypeOf(resilient(model)).toEqualTypeOf<ChatModel>();
  expectTypeOf(cache(model)).toExtend<ChatModel>();
  expectTypeOf(retry(semanticCache(model, { embedder }))).toExtend<ChatModel>();
  expectTypeOf(retry(cache(model)).cache).toEqualTypeOf<CacheControl<ChatInput>>();
  resilient(model, { fallbacks: [model], cache: { shouldCache: (reply) => reply.text !== '' } });
});

test('what does not fit is marked', () => {
  // @ts-expect-error a fallback answers with a number
  resilient(model, { fallbacks: [() => 1] });
  // @ts-expect-error an item is a text
  batch(embedder, { weight: (item: number) => item });
  // @ts-expect-error an embedder is needed
  semanticCache(model, {});
});

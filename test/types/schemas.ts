// Q08: schemas of two majors of zod and of another library, ten levels deep, through one interface.
import { checkSchema, type Schema } from 'pipewright';
import * as v from 'valibot';
import { z } from 'zod';
import { z as z3 } from 'zod/v3';
import { expectType } from './expect-type.js';

interface Level<Inner> {
  readonly inner: Inner;
}
type Ten = { l1: { l2: { l3: { l4: { l5: { l6: { l7: { l8: { l9: { l10: string } } } } } } } } } };

const deep = z.object({
  l1: z.object({
    l2: z.object({
      l3: z.object({
        l4: z.object({
          l5: z.object({ l6: z.object({ l7: z.object({ l8: z.object({ l9: z.object({ l10: z.string() }) }) }) }) }),
        }),
      }),
    }),
  }),
});

const deep3 = z3.object({
  l1: z3.object({
    l2: z3.object({
      l3: z3.object({
        l4: z3.object({
          l5: z3.object({
            l6: z3.object({ l7: z3.object({ l8: z3.object({ l9: z3.object({ l10: z3.string() }) }) }) }),
          }),
        }),
      }),
    }),
  }),
});

const deepV = v.object({
  l1: v.object({
    l2: v.object({
      l3: v.object({
        l4: v.object({
          l5: v.object({ l6: v.object({ l7: v.object({ l8: v.object({ l9: v.object({ l10: v.string() }) }) }) }) }),
        }),
      }),
    }),
  }),
});

const outputOf = async <Out>(schema: Schema<Out>): Promise<Level<Out> | undefined> => {
  const checked = await checkSchema(schema, {});
  return checked.isValid ? { inner: checked.value } : undefined;
};

expectType<Promise<Level<Ten> | undefined>>()(outputOf(deep));
expectType<Promise<Level<Ten> | undefined>>()(outputOf(deep3));
expectType<Promise<Level<Ten> | undefined>>()(outputOf(deepV));

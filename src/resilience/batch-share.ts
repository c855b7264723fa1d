import {
  addUsage,
  type ChildRunOptions,
  createMeter,
  type Hold,
  type Meter,
  type Run,
  type RunEvent,
  type RunListener,
  type Usage,
} from '../core/index.js';

/** A caller of a batch, and how much of the batch is its own. */
export interface Sharer {
  readonly run: Run;
  readonly weight: number;
}

/** What one caller pays of the whole. */
interface Share {
  /** From 0 to 1. */
  readonly ratio: number;
  /** Its part of a whole number; the parts of all callers sum up to the whole. */
  readonly partOf: (total: number) => number;
}

const sharesOf = (sharers: readonly Sharer[]): readonly Share[] => {
  const sum = sharers.reduce((total, { weight }) => total + weight, 0);
  const ratios = sharers.map(({ weight }) => (sum > 0 ? weight / sum : 1 / sharers.length));
  let before = 0;
  return ratios.map((ratio) => {
    const from = before;
    const to = from + ratio;
    before = to;
    return { ratio, partOf: (total) => Math.round(total * to) - Math.round(total * from) };
  });
};

const numbersOf = <T extends object>(value: T, partOf: Share['partOf']): T =>
  Object.fromEntries(
    Object.entries(value).map(([key, inner]: [string, unknown]) => {
      if (typeof inner === 'number') return [key, partOf(inner)];
      return [key, typeof inner === 'object' && inner !== null ? numbersOf(inner, partOf) : inner];
    }),
  ) as T;

const costOf = (costUsd: number | undefined, ratio: number): number | undefined =>
  costUsd === undefined ? undefined : costUsd * ratio;

/** Somebody who has no room in its budget for its part. */
export interface Refusal {
  readonly meter: Meter;
  readonly error: unknown;
}

export interface SharedMeter {
  readonly meter: Meter;
  /** The last refusal: the callers with this meter are the ones that cannot pay. */
  readonly refusal: () => Refusal | undefined;
}

/** The callers who count with one meter; together they are one call there. */
interface Account {
  readonly meter: Meter;
  readonly shares: Share[];
}

const accountsOf = (sharers: readonly Sharer[], shares: readonly Share[]): readonly Account[] => {
  const accounts = new Map<Meter, Account>();
  for (const [index, { run }] of sharers.entries()) {
    const { meter } = run;
    const account = accounts.get(meter) ?? { meter, shares: [] };
    account.shares.push(shares[index] as Share);
    accounts.set(meter, account);
  }
  return [...accounts.values()];
};

/** A meter that divides what a shared call holds and spends among its callers, by weight. */
export const sharedMeter = (sharers: readonly Sharer[], run: Run): SharedMeter => {
  const accounts = accountsOf(sharers, sharesOf(sharers));
  const own = createMeter({}, run.clock);
  let refusal: Refusal | undefined;
  const reserve: Meter['reserve'] = ({ label, tokens, costUsd }) => {
    const holds: Hold[] = [];
    for (const { meter, shares } of accounts) {
      try {
        const part = shares.reduce((total, { partOf }) => total + partOf(tokens), 0);
        holds.push(meter.reserve({ label, tokens: part, costUsd: costOf(costUsd, ratioOf(shares)) }));
      } catch (error) {
        for (const hold of holds) hold.release();
        refusal = { meter, error };
        throw error;
      }
    }
    const whole = own.reserve({ label, tokens, costUsd });
    return {
      settle: (usage, spentUsd) => {
        whole.settle(usage, spentUsd);
        for (const [index, { shares }] of accounts.entries()) {
          const parts = shares.map(({ partOf }) => numbersOf(usage, partOf)).reduce(addUsage);
          holds[index]?.settle(parts, costOf(spentUsd, ratioOf(shares)));
        }
      },
      release: () => {
        whole.release();
        for (const hold of holds) hold.release();
      },
    };
  };
  const meter: Meter = {
    get spent() {
      return own.spent;
    },
    get held() {
      return own.held;
    },
    get remaining() {
      // So much that nobody's part of it is more than there is left for it.
      const least = (of: (meter: Meter) => number): number =>
        Math.min(...accounts.map((account) => of(account.meter) / ratioOf(account.shares)));
      return {
        tokens: least(({ remaining }) => remaining.tokens),
        costUsd: least(({ remaining }) => remaining.costUsd),
      };
    },
    isLimited: accounts.some((account) => account.meter.isLimited),
    reserve,
  };
  return { meter, refusal: () => refusal };
};

const ratioOf = (shares: readonly Share[]): number => shares.reduce((total, { ratio }) => total + ratio, 0);

/** What every caller hears of the shared call: why it takes long, and what went wrong on the way. */
const commonTypes: ReadonlySet<RunEvent['type']> = new Set<RunEvent['type']>([
  'circuit-change',
  'fallback-switch',
  'hedge-start',
  'queue-wait',
  'retry-wait',
  'target-eject',
  'warning',
]);

/** Tells each caller its part of the usage, and what concerns them all; nobody hears the inputs of others. */
export const sharedListener = (sharers: readonly Sharer[]): Pick<ChildRunOptions, 'on' | 'passes'> => {
  const shares = sharesOf(sharers);
  const passes = (): boolean => false;
  if (!sharers.some(({ run }) => run.isWatched)) return { passes };
  const on: RunListener = (event) => {
    for (const [index, { run }] of sharers.entries()) {
      const { ratio, partOf } = shares[index] as Share;
      if (event.type === 'usage') {
        const costUsd = costOf(event.costUsd, ratio);
        const usage: Usage = numbersOf(event.usage, partOf);
        run.emit({ type: 'usage', model: event.model, usage, ...(costUsd === undefined ? {} : { costUsd }) });
      } else if (commonTypes.has(event.type)) {
        const { span: _span, atMs: _atMs, ...body } = event;
        run.emit(body);
      }
    }
  };
  return { on, passes };
};

import { setMaxListeners } from 'node:events';
import { PipewrightError, raceAbort, type Run, type StepLike } from '../core/index.js';
import { sharedListener, sharedMeter } from './batch-share.js';

interface QueueSettings<In, Out> {
  readonly maxSize: number;
  readonly maxWaitMs: number;
  readonly maxWeight: number;
  readonly maxInFlight: number;
  readonly step: StepLike<readonly In[], readonly Out[]>;
  readonly name: string;
}

interface Entry<In> {
  readonly item: In;
  readonly weight: number;
  readonly run: Run;
  readonly group: string;
}

interface Member<In, Out> extends Entry<In> {
  readonly resolve: (output: Out) => void;
  readonly reject: (error: unknown) => void;
}

interface Batch<In, Out> {
  readonly group: string;
  /** Those who still wait for their result. */
  readonly members: Set<Member<In, Out>>;
  weight: number;
  readonly stopTimer: () => void;
  /** There once it is sent. */
  control: AbortController | undefined;
}

export interface BatchQueue<In, Out> {
  readonly add: (entry: Entry<In>) => Promise<Out>;
  /** Items that are not sent yet. */
  readonly waiting: () => number;
}

/** Collects items into batches and sends them, only so many at once. */
export const batchQueue = <In, Out>(settings: QueueSettings<In, Out>): BatchQueue<In, Out> => {
  const { maxSize, maxWaitMs, maxWeight, maxInFlight } = settings;
  /** The batch of each group that still takes items. */
  const open = new Map<string, Batch<In, Out>>();
  /** Batches whose time has come, in order; those that are not full still take items. */
  const due = new Set<Batch<In, Out>>();
  let inFlight = 0;
  let waiting = 0;

  const shut = (batch: Batch<In, Out>): void => {
    if (open.get(batch.group) === batch) open.delete(batch.group);
    batch.stopTimer();
  };

  const sendDue = (): void => {
    for (const batch of due) {
      if (inFlight >= maxInFlight) return;
      due.delete(batch);
      shut(batch);
      inFlight += 1;
      waiting -= batch.members.size;
      void send(batch, settings).finally(() => {
        inFlight -= 1;
        sendDue();
      });
    }
  };

  const makeDue = (batch: Batch<In, Out>): void => {
    due.add(batch);
    sendDue();
  };

  const begin = ({ group, run }: Entry<In>): Batch<In, Out> => {
    const stopTimer = run.clock.after(maxWaitMs, () => makeDue(batch));
    const batch: Batch<In, Out> = { group, members: new Set(), weight: 0, stopTimer, control: undefined };
    open.set(group, batch);
    return batch;
  };

  const leave = (batch: Batch<In, Out>, member: Member<In, Out>, reason: unknown): void => {
    if (!batch.members.delete(member)) return;
    if (batch.control === undefined) {
      waiting -= 1;
      batch.weight -= member.weight;
      if (batch.members.size > 0) return;
      shut(batch);
      due.delete(batch);
    } else if (batch.members.size === 0) batch.control.abort(reason);
  };

  const batchFor = (entry: Entry<In>): Batch<In, Out> => {
    const current = open.get(entry.group);
    if (current === undefined) return begin(entry);
    if (current.weight + entry.weight <= maxWeight) return current;
    shut(current);
    makeDue(current);
    return begin(entry);
  };

  const add = (entry: Entry<In>): Promise<Out> =>
    new Promise((resolve, reject) => {
      const batch = batchFor(entry);
      const forget = entry.run.onAbort(() => {
        leave(batch, member, entry.run.signal.reason);
        reject(entry.run.signal.reason);
      });
      const member: Member<In, Out> = {
        ...entry,
        resolve: (output) => {
          forget();
          resolve(output);
        },
        reject: (error) => {
          forget();
          reject(error);
        },
      };
      batch.members.add(member);
      batch.weight += entry.weight;
      waiting += 1;
      if (batch.members.size < maxSize && batch.weight < maxWeight) return;
      shut(batch);
      makeDue(batch);
    });

  return { add, waiting: () => waiting };
};

/** Makes the shared call, again without those whose budget had no room for it, and tells everybody what became of it. */
const send = async <In, Out>(batch: Batch<In, Out>, settings: QueueSettings<In, Out>): Promise<void> => {
  while (batch.members.size > 0) {
    const members = [...batch.members];
    const [first] = members;
    if (first === undefined) return;
    const control = new AbortController();
    // Every step under way below may listen, and there is no bound on how many.
    setMaxListeners(0, control.signal);
    batch.control = control;
    const { meter, refusal } = sharedMeter(members, first.run);
    const run = first.run.with({ signal: control.signal, meter, ...sharedListener(members) });
    const settle = (member: Member<In, Out>, how: () => void): void => {
      // Who has left was told already.
      if (batch.members.delete(member)) how();
    };
    try {
      const outputs = await raceAbort(callStep(settings.step, members, run), run);
      checkLength(settings.name, outputs, members.length);
      for (const [index, member] of members.entries()) settle(member, () => member.resolve(outputs[index] as Out));
    } catch (error) {
      const refused = refusal();
      const isOfSome = refused !== undefined && refused.error === error;
      for (const member of members) {
        if (!isOfSome || member.run.meter === refused.meter) settle(member, () => member.reject(error));
      }
    }
  }
};

/** Async, so that a synchronous throw becomes a rejection. */
const callStep = async <In, Out>(
  step: StepLike<readonly In[], readonly Out[]>,
  members: readonly Entry<In>[],
  run: Run,
): Promise<readonly Out[]> =>
  step(
    members.map(({ item }) => item),
    run,
  );

const checkLength = (name: string, outputs: readonly unknown[], count: number): void => {
  if (Array.isArray(outputs) && outputs.length === count) return;
  const got = Array.isArray(outputs) ? `${outputs.length} results` : typeof outputs;
  throw new PipewrightError(
    'output-invalid',
    `\`${name}\` was given ${count} items and answered with ${got}. A batched step must answer item by item, in order.`,
  );
};

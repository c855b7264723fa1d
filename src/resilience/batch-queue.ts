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

interface QueueState<In, Out> {
  readonly settings: QueueSettings<In, Out>;
  /** The batch of each group that still takes items. */
  readonly open: Map<string, Batch<In, Out>>;
  /** Batches whose time has come, in order; those that are not full still take items. */
  readonly due: Set<Batch<In, Out>>;
  inFlight: number;
  waiting: number;
}

/** Collects items into batches and sends them, only so many at once. */
export const batchQueue = <In, Out>(settings: QueueSettings<In, Out>): BatchQueue<In, Out> => {
  const queue: QueueState<In, Out> = { settings, open: new Map(), due: new Set(), inFlight: 0, waiting: 0 };
  return { add: (entry) => add(queue, entry), waiting: () => queue.waiting };
};

const add = <In, Out>(queue: QueueState<In, Out>, entry: Entry<In>): Promise<Out> =>
  new Promise((resolve, reject) => {
    const { maxSize, maxWeight } = queue.settings;
    const batch = batchFor(queue, entry);
    const forget = entry.run.onAbort(() => {
      leave(queue, batch, member);
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
    queue.waiting += 1;
    if (batch.members.size >= maxSize || batch.weight >= maxWeight) shutAndSend(queue, batch);
  });

/** The batch that the item goes into: the open one of its group, or a new one when it would be too heavy with it. */
const batchFor = <In, Out>(queue: QueueState<In, Out>, entry: Entry<In>): Batch<In, Out> => {
  const { maxWaitMs, maxWeight } = queue.settings;
  const { group, run, weight } = entry;
  const current = queue.open.get(group);
  if (current !== undefined && current.weight + weight <= maxWeight) return current;
  if (current !== undefined) shutAndSend(queue, current);
  const stopTimer = run.clock.after(maxWaitMs, () => makeDue(queue, batch));
  const batch: Batch<In, Out> = { group, members: new Set(), weight: 0, stopTimer, control: undefined };
  queue.open.set(group, batch);
  return batch;
};

/** Takes no more items. */
const shut = <In, Out>({ open }: QueueState<In, Out>, batch: Batch<In, Out>): void => {
  if (open.get(batch.group) === batch) open.delete(batch.group);
  batch.stopTimer();
};

const shutAndSend = <In, Out>(queue: QueueState<In, Out>, batch: Batch<In, Out>): void => {
  shut(queue, batch);
  makeDue(queue, batch);
};

const makeDue = <In, Out>(queue: QueueState<In, Out>, batch: Batch<In, Out>): void => {
  queue.due.add(batch);
  sendDue(queue);
};

/** Sends the batches whose time has come, as long as there is room. */
const sendDue = <In, Out>(queue: QueueState<In, Out>): void => {
  for (const batch of queue.due) {
    if (queue.inFlight >= queue.settings.maxInFlight) return;
    queue.due.delete(batch);
    shut(queue, batch);
    queue.inFlight += 1;
    queue.waiting -= batch.members.size;
    void send(batch, queue.settings).finally(() => {
      queue.inFlight -= 1;
      sendDue(queue);
    });
  }
};

const leave = <In, Out>(queue: QueueState<In, Out>, batch: Batch<In, Out>, member: Member<In, Out>): void => {
  if (!batch.members.delete(member)) return;
  if (batch.control === undefined) {
    queue.waiting -= 1;
    batch.weight -= member.weight;
    if (batch.members.size > 0) return;
    shut(queue, batch);
    queue.due.delete(batch);
  } else if (batch.members.size === 0) batch.control.abort(member.run.signal.reason);
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

import { type Random, randomId } from '../../core/index.js';
import type { ModelEvent } from '../../model/index.js';
import { setPartial } from './partial-args.js';
import { partOpaque } from './signature.js';
import type { WireCall } from './wire.js';

type CallDelta = Extract<ModelEvent, { readonly type: 'tool-call-delta' }>;

/** Puts the calls of one reply together: whole ones, and those whose arguments come bit by bit. */
export interface CallReader {
  readonly take: (call: WireCall, signature: string | undefined) => readonly CallDelta[];
  /**
   * The call that is still open, once the reply has ended. Its arguments are made valid JSON only when the reply is complete, so
   * that nobody takes a part of them for the whole.
   */
  readonly end: (isComplete: boolean) => readonly CallDelta[];
  readonly count: () => number;
}

interface OpenCall {
  readonly key: string;
  readonly wireId: string | undefined;
  readonly args: Record<string, unknown>;
}

export const callReader = (random: Random): CallReader => {
  const ids = new Set<string>();
  let count = 0;
  let open: OpenCall | undefined;

  const start = ({ id, name }: WireCall): readonly CallDelta[] => {
    // Most replies name no ids, and two calls under one id could not be told apart by their results.
    const ownId = id === undefined || id === '' || ids.has(id) ? `call_${randomId(random)}` : id;
    ids.add(ownId);
    const key = String(count);
    count += 1;
    open = { key, wireId: id, args: Object.create(null) };
    return [{ type: 'tool-call-delta', key, id: ownId, name: name ?? '', text: '' }];
  };

  const close = (isComplete: boolean): readonly CallDelta[] => {
    if (open === undefined) return [];
    const { key, args } = open;
    open = undefined;
    const json = JSON.stringify(args);
    return [{ type: 'tool-call-delta', key, text: isComplete ? json : json.slice(0, -1) }];
  };

  const isNew = ({ id, name = '' }: WireCall): boolean =>
    name !== '' && (open === undefined || id === undefined || id !== open.wireId);

  return {
    take: (call, signature) => {
      const deltas: CallDelta[] = [];
      // The end of a call is sometimes told by the beginning of the next alone.
      if (isNew(call)) deltas.push(...close(true), ...start(call));
      if (open === undefined) return deltas;
      if (signature !== undefined) {
        deltas.push({ type: 'tool-call-delta', key: open.key, text: '', opaque: partOpaque(signature) });
      }
      for (const [name, value] of Object.entries(call.args ?? {})) open.args[name] = value;
      for (const arg of call.partialArgs ?? []) setPartial(open.args, arg);
      if (call.willContinue !== true) deltas.push(...close(true));
      return deltas;
    },
    end: close,
    count: () => count,
  };
};

import type { Run, Schema } from '../core/index.js';
import type { Route } from './broker.js';
import { checkName, type Codec } from './codec.js';
import type { Outbox } from './outbox.js';
import { memberLeft, type Requests } from './requests.js';
import type { Draft, Member, MessageTypes, RequestOptions, Sent } from './types.js';

/** What sending needs. */
export interface Post {
  readonly codec: Codec;
  readonly outbox: Outbox;
  readonly requests: Requests;
  readonly timeoutMs: number;
}

/** The part of a member that sends. What it is waiting for ends when it leaves. */
export const sendingOf = <Types extends MessageTypes>(
  post: Post,
  name: string,
  life: Run,
): Pick<Member<Types>, 'send' | 'publish' | 'broadcast' | 'request'> => {
  const { codec, outbox, requests, timeoutMs: defaultMs } = post;
  /** Runs work that both the caller and the end of the membership can abort. */
  const within = async <T>(run: Run | undefined, work: (run: Run) => Promise<T>): Promise<T> => {
    life.throwIfAborted();
    if (run === undefined) return work(life);
    using scope = run.scope();
    const forget = life.onAbort(() => scope.abort(memberLeft(name, 'left')));
    try {
      return await work(scope.run);
    } finally {
      forget();
    }
  };
  const sendTo = (route: Route, draft: Draft, to: string | undefined, run: Run | undefined): Promise<Sent> =>
    within(run, async (inner) => {
      const parcel = await codec.encode(draft, name, 'event');
      const topic = route.type === 'topic' ? { topic: route.topic } : {};
      const addressed = { ...parcel, ...(to !== undefined && { to }), ...topic };
      const receivers = await outbox.send(addressed, route, draft.timeoutMs ?? defaultMs, inner);
      return { id: parcel.id, receivers };
    });
  return {
    send: async (to, draft, run) => {
      checkName('The receiver of a message', to);
      return sendTo({ type: 'member', name: to }, draft, to, run);
    },
    publish: async (topic, draft, run) => {
      checkName('A topic', topic);
      return sendTo({ type: 'topic', topic }, draft, undefined, run);
    },
    broadcast: (draft, run) => sendTo({ type: 'all' }, draft, undefined, run),
    request: async <Reply>(to: string, draft: Draft<Types> & RequestOptions<Reply>, run?: Run) => {
      checkName('The receiver of a message', to);
      const { timeoutMs = defaultMs, replySchema, ttlMs = timeoutMs } = draft;
      return within(run, async (inner) => {
        const parcel = await codec.encode({ ...draft, ttlMs: Math.min(ttlMs, timeoutMs) }, name, 'request');
        const request = { parcel: { ...parcel, to }, to, timeoutMs, replySchema: replySchema as Schema | undefined };
        return (await requests.ask(request, inner)) as Reply;
      });
    },
  };
};

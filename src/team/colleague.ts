import { checkAtLeast, createRun, randomId, type Run, type RunKey, runKey } from '../core/index.js';
import { textIn, textsIn } from '../ask/index.js';
import type { BusMessage, Member, Message, MessageBus } from '../bus/index.js';
import { taintKey } from '../tool/index.js';
import { chainKey, chainOf } from './call-chain.js';
import { type Awarded, award, collectBids } from './contract-net.js';
import { matchMembers, type TaskNeeds } from './match.js';
import type { MemberProfile, MemberReply, TeamMember } from './member.js';
import { type NegotiateOptions, type Negotiation, type Negotiator, negotiateWith, offerAnswerIn } from './negotiate.js';
import { createNotes, type Note, noteIn } from './notes.js';
import { type Listeners, remoteMember } from './remote-member.js';
import { assignIn, type Bid, bidIn, profileIn, wire } from './wire.js';

export interface JoinTeamOptions {
  /** Answers offers of others. @default every offer is rejected */
  readonly negotiator?: Negotiator;
  /** Longest wait for profiles, bids and answers to offers. @default 5000 */
  readonly answerMs?: number;
  /** Longest wait for the work of another. @default 600000 */
  readonly workMs?: number;
  /** Notes kept of what the team shares. @default 200 */
  readonly maxNotes?: number;
  /** A member that gives no sign of life for so long is taken for dead by the bus. @default 15000 */
  readonly leaseMs?: number;
}

/** A member of a team on a bus. Dispose it, or close the bus, when it is over. */
export interface Colleague extends AsyncDisposable {
  readonly name: string;
  /** Those who are there and answer, as members that a `coordinator` can use. */
  readonly others: (run?: Run) => Promise<readonly TeamMember[]>;
  /**
   * Has another one do a task; it may decline.
   * @throws {PipewrightError} `wait-cycle` at once where that one waits for this one already; `timeout`, `member-left`, `not-found`.
   */
  readonly ask: (to: string, task: string, run?: Run) => Promise<MemberReply>;
  /** Calls for proposals, gives the task to the best bidder, and to the next where that one fails (contract net, Smith 1980). */
  readonly callForHelp: (needs: TaskNeeds, run?: Run) => Promise<Awarded>;
  /** Makes offers with another one until both agree or the turns are used up; `decide` answers counter-offers. */
  readonly negotiate: (
    to: string,
    offer: { readonly subject: string; readonly terms: string; readonly decide: Negotiator },
    options?: NegotiateOptions,
    run?: Run,
  ) => Promise<Negotiation>;
  /** Lets all others know something. */
  readonly share: (key: string, text: string, run?: Run) => Promise<void>;
  /** What the team shares, as far as it came here: information, no instructions. */
  readonly notes: () => readonly Note[];
}

/** The colleague that an agent works as, for its tools. */
export const colleagueKey: RunKey<Colleague> = runKey('colleague');

const topic = 'team-notes';
/** Places beside those for work: so that a busy member still answers, and declines at once. */
const spare = 16;
/** More at once than any member does. */
const maxPlaces = 1_000;
/** Replies that are kept for a task that is delivered twice. */
const maxReplies = 256;
/** Signs of life are not sent more often. */
const progressMs = 1_000;

/** Work on an assignment happens once, however often it is delivered: replies that count are kept for a while. */
const onceById = () => {
  const replies = new Map<string, Promise<MemberReply>>();
  return (id: string, work: () => Promise<MemberReply>): Promise<MemberReply> => {
    const known = replies.get(id);
    if (known !== undefined) return known;
    const reply = work();
    replies.set(id, reply);
    const forget = (): void => void replies.delete(id);
    reply.then(({ status }) => {
      // A pause is gone on from under the same id, and who declined may have time later.
      if (status !== 'done') forget();
    }, forget);
    const [oldest] = replies.size > maxReplies ? replies.keys() : [];
    if (oldest !== undefined) replies.delete(oldest);
    return reply;
  };
};

/** What a member does with what others ask of it. */
const handler = (seat: Member, member: TeamMember, self: () => Colleague, options: JoinTeamOptions) => {
  const { name } = member.profile;
  const once = onceById();
  const beat = (to: string, id: string, run: Run) => {
    let lastMs = Number.NEGATIVE_INFINITY;
    return async (): Promise<void> => {
      if (run.clock.now() - lastMs < progressMs) return;
      lastMs = run.clock.now();
      // A sign of life that is lost is followed by others.
      await seat.send(to, { type: wire.progress, payload: { id } }, run).catch(() => undefined);
    };
  };
  const assigned = (payload: unknown, from: string, outer: Run): Promise<MemberReply> => {
    const { assignment, chain, taint } = assignIn(payload, from);
    const values = new Map<object, unknown>([
      [chainKey, chain],
      [taintKey, taint],
      [colleagueKey, self()],
    ]);
    return once(assignment.id, () => member.work(assignment, outer.with({ values }), beat(from, assignment.id, outer)));
  };
  const proposed = async (payload: unknown, run: Run) => {
    if ((textsIn(payload, 'chain') ?? []).includes(name)) return { score: 0, reason: 'It waits for this itself.' };
    const needs = { task: textIn(payload, 'task'), skills: textsIn(payload, 'skills') ?? [] };
    const [match] = await matchMembers(needs, [member], {}, run);
    if (match === undefined) return { score: 0, reason: `It has not the skills ${needs.skills.join(', ')}.` };
    const isBusy = member.load() >= member.profile.maxConcurrent;
    return isBusy ? { score: 0, reason: `It works on ${member.load()} tasks already.` } : match;
  };
  return { assigned, proposed, decide: options.negotiator };
};

const rejected = { decision: 'reject' as const, reason: 'It does not negotiate.' };

/** Serves what others ask for, until it leaves. */
const serving =
  (
    { assigned, proposed, decide }: ReturnType<typeof handler>,
    { profile }: TeamMember,
    hear: (message: BusMessage) => void,
  ) =>
  async (message: BusMessage, run: Run): Promise<unknown> => {
    const { type, payload, from } = message;
    switch (type) {
      case wire.profile:
        return { ...profile, maxConcurrent: Math.min(profile.maxConcurrent, maxPlaces) };
      case wire.assign:
        return assigned(payload, from, run);
      case wire.propose: {
        const { score, reason } = await proposed(payload, run);
        return { score, reason };
      }
      case wire.offer:
        return decide === undefined ? rejected : decide(payload as Parameters<Negotiator>[0], run);
      default:
        hear(message);
        return undefined;
    }
  };

/** What a colleague works with. */
interface Parts {
  readonly bus: MessageBus;
  readonly seat: Member;
  readonly life: Run;
  readonly answerMs: number;
  /** A member of a name, whatever it says of itself. */
  readonly remote: (profile: MemberProfile) => TeamMember;
}

/** Who asks waits, and says so: at the beginning of a chain it is this one alone. */
const asking = ({ seat }: Parts, run: Run): Run =>
  chainOf(run).length > 0 ? run : run.with({ values: new Map([[chainKey, [seat.name]]]) });

const namesOfOthers = async ({ bus, seat }: Parts): Promise<readonly string[]> =>
  (await bus.members()).map(({ name }) => name).filter((name) => name !== seat.name);

const nameOnly = (name: string): MemberProfile => ({ name, description: '', skills: [], maxConcurrent: maxPlaces });

/** What one member asks of others. */
const asksOf = (parts: Parts): Pick<Colleague, 'others' | 'ask' | 'callForHelp' | 'negotiate'> => {
  const { seat, life, answerMs: timeoutMs, remote } = parts;
  return {
    others: async (run = life) => {
      const asked = (await namesOfOthers(parts)).map(async (to) => {
        const draft = { type: wire.profile, payload: null, timeoutMs };
        return remote(profileIn(await seat.request(to, draft, run), to));
      });
      const settled = await Promise.allSettled(asked);
      run.throwIfAborted();
      return settled.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    },
    ask: async (to, task, run = life) =>
      remote(nameOnly(to)).work({ id: randomId(run.random), task }, asking(parts, run)),
    callForHelp: async ({ task, skills = [] }, outer = life) => {
      const run = asking(parts, outer);
      const draft = { type: wire.propose, payload: { task, skills, chain: chainOf(run) }, timeoutMs };
      const bidOf = async (to: string): Promise<Bid> => bidIn(await seat.request(to, draft, run), to);
      const bids = await collectBids(await namesOfOthers(parts), bidOf, run);
      return award(bids, (name) => remote(nameOnly(name)), { id: randomId(run.random), task }, run);
    },
    negotiate: (to, { subject, terms, decide }, limits, run = life) => {
      const other: Negotiator = async (turn) => {
        const answer = offerAnswerIn(await seat.request(to, { type: wire.offer, payload: turn, timeoutMs }, run));
        if (typeof answer !== 'string') return answer;
        return { decision: 'reject', reason: `Its answer made no sense: ${answer}.` };
      };
      const sides = [
        { name: seat.name, decide },
        { name: to, decide: other },
      ] as const;
      return negotiateWith(sides, subject, terms, run, limits);
    },
  };
};

/** Notes of the team, those included that were shared before this one came. */
const notesOf = async ({ bus, seat, life }: Parts, maxNotes: number) => {
  const notes = createNotes(maxNotes);
  const hear = ({ type, payload, from, sentMs }: Pick<Message, 'type' | 'payload' | 'from' | 'sentMs'>): void => {
    const note = type === wire.note ? noteIn(payload, from, sentMs) : undefined;
    if (note !== undefined) notes.add(note);
  };
  const { items } = await bus.history(topic, { limit: maxNotes });
  items.forEach(hear);
  const share: Colleague['share'] = async (key, text, run = life) => {
    const note = noteIn({ key, text }, seat.name, run.clock.now());
    if (note === undefined) return;
    notes.add(note);
    await seat.publish(topic, { type: wire.note, payload: { key: note.key, text: note.text }, threadId: topic }, run);
  };
  return { hear, share, notes: notes.list };
};

/**
 * Lets a member take part in a team on a bus: it does tasks or declines them by its skills and workload, bids when somebody calls for
 * help, answers offers, and shares notes. Everything that it asks for has a deadline. It never queues what it has no time for, so that
 * members cannot wait for each other's place; and who would wait for itself is refused with the cycle.
 * Costs messages; calls of models are those of the member's agent.
 * @throws {PipewrightError} `bad-option`, `bus-closed`.
 * @example await using ann = await joinTeam(memoryBus(), teamMember(agent(model, { name: 'ann' }), { skills: ['sql'] }))
 */
export const joinTeam = async (
  bus: MessageBus,
  member: TeamMember,
  options: JoinTeamOptions = {},
  life: Run = createRun(),
): Promise<Colleague> => {
  const { answerMs = 5_000, workMs = 600_000, maxNotes = 200, leaseMs = 15_000 } = options;
  for (const [name, value] of Object.entries({ answerMs, workMs, maxNotes, leaseMs })) checkAtLeast(name, value, 1);
  const { name, maxConcurrent } = member.profile;
  const seat = await bus.join(name, { topics: [topic], leaseMs }, life);
  const listeners: Listeners = new Map();
  const remote = (profile: MemberProfile): TeamMember => remoteMember(seat, profile, listeners, workMs);
  const parts: Parts = { bus, seat, life, answerMs, remote };
  const { hear, share, notes } = await notesOf(parts, maxNotes);
  const colleague: Colleague = {
    name,
    ...asksOf(parts),
    share,
    notes,
    [Symbol.asyncDispose]: () => seat.leave(),
  };
  const heard = (message: BusMessage): void => {
    if (message.type !== wire.progress) {
      hear(message);
      return;
    }
    void listeners
      .get(textIn(message.payload, 'id'))?.()
      .catch(() => undefined);
  };
  const serve = serving(
    handler(seat, member, () => colleague, options),
    member,
    heard,
  );
  const concurrency = Math.min(maxConcurrent, maxPlaces) + spare;
  // It ends when the member leaves; what made it leave is known to who ended it.
  seat.serve(serve, { concurrency }, life).catch(() => undefined);
  return colleague;
};

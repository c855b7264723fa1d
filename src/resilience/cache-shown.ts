import { isWithin, type Run, type RunEvent, type RunEventBody, type Span } from '../core/index.js';

/** What a caller sees of an answer while it is made; a caller that gets the answer of another call must see the same. */
const shownTypes = ['text-delta', 'reasoning-delta', 'tool-call-delta', 'tool-call', 'sources-found'] as const;
type ShownBody = Extract<RunEventBody, { readonly type: (typeof shownTypes)[number] }>;

/** A stretch of work below the call: a span, or what is left of one. */
interface Place {
  readonly name: string;
  readonly parent?: Place;
}

interface Shown {
  readonly place: Place;
  readonly body: ShownBody;
}

/** The same as plain data; the call itself is place 0, the others follow in `places`, each after the one around it. */
export interface ShownRecord {
  readonly places: readonly { readonly name: string; readonly inside: number }[];
  readonly items: readonly { readonly place: number; readonly body: ShownBody }[];
}

/** Collects what a call has shown and not withdrawn, and hands it on to runs that follow. */
export interface ShownLog {
  readonly take: (event: RunEvent) => void;
  /** Shows the run all there is so far, and what comes until the returned function is called. */
  readonly follow: (run: Run) => () => void;
  readonly record: () => ShownRecord;
}

const isShown = (event: RunEventBody): event is ShownBody => (shownTypes as readonly string[]).includes(event.type);

const bodyOf = ({ span: _span, atMs: _atMs, ...body }: ShownBody & RunEvent): ShownBody => body;

/** The two deltas as one, where they are of one kind; a long reply is one item, not thousands. */
const joined = (last: ShownBody, next: ShownBody): ShownBody | undefined => {
  if (last.type !== next.type || !('text' in last) || !('text' in next)) return undefined;
  if ('id' in last && 'id' in next && last.id !== next.id) return undefined;
  return { ...last, text: last.text + next.text };
};

/** Emits in a run what happened at places below `root`, in spans of the same names. */
const emitterFor = (run: Run, root: Place): ((place: Place, body: RunEventBody) => void) => {
  const runs = new Map<Place, Run>([[root, run]]);
  const runAt = (place: Place): Run => {
    const known = runs.get(place);
    if (known !== undefined) return known;
    const made = (place.parent === undefined ? run : runAt(place.parent)).child(place.name);
    runs.set(place, made);
    return made;
  };
  return (place, body) => runAt(place).emit(body);
};

export const shownLog = (root: Span): ShownLog => {
  let items: (Shown & { readonly place: Span })[] = [];
  const followers = new Set<(place: Place, body: RunEventBody) => void>();
  const handOn = (place: Place, body: RunEventBody): void => {
    for (const follower of followers) follower(place, body);
  };
  return {
    take: (event) => {
      if (event.type === 'retract') {
        items = items.filter(({ place }) => !isWithin(place, event.span));
        handOn(event.span, { type: 'retract', reason: event.reason });
      } else if (isShown(event)) {
        const body = bodyOf(event);
        const last = items.at(-1);
        const whole = last?.place === event.span ? joined(last.body, body) : undefined;
        if (whole === undefined) items.push({ place: event.span, body });
        else items[items.length - 1] = { place: event.span, body: whole };
        handOn(event.span, body);
      }
    },
    follow: (run) => {
      const emit = emitterFor(run, root);
      for (const { place, body } of items) emit(place, body);
      followers.add(emit);
      return () => void followers.delete(emit);
    },
    record: () => recordOf(items, root),
  };
};

const recordOf = (items: readonly Shown[], root: Place): ShownRecord => {
  const places: { name: string; inside: number }[] = [];
  const numbers = new Map<Place, number>([[root, 0]]);
  const numberOf = (place: Place): number => {
    const known = numbers.get(place);
    if (known !== undefined) return known;
    const inside = place.parent === undefined ? 0 : numberOf(place.parent);
    const number = places.push({ name: place.name, inside });
    numbers.set(place, number);
    return number;
  };
  return { items: items.map(({ place, body }) => ({ place: numberOf(place), body })), places };
};

/** Shows a run what an earlier call had shown. */
export const showAgain = ({ items, places }: ShownRecord, run: Run): void => {
  if (!run.isWatched || items.length === 0) return;
  const root: Place = { name: '' };
  const all: Place[] = [root];
  for (const { name, inside } of places) all.push({ name, parent: all[inside] ?? root });
  const emit = emitterFor(run, root);
  for (const { place, body } of items) emit(all[place] ?? root, body);
};

/** The ids of the last so many milliseconds, at most `max` of them. */
export interface RecentIds {
  readonly has: (id: string, nowMs: number) => boolean;
  readonly add: (id: string, nowMs: number) => void;
  readonly forget: (id: string) => void;
}

/** Two halves that change places: forgetting the oldest ones costs nothing, however many they are. */
export const recentIds = (windowMs: number, max: number): RecentIds => {
  let young = new Map<string, number>();
  let old = new Map<string, number>();
  return {
    has: (id, nowMs) => nowMs - (young.get(id) ?? old.get(id) ?? -Infinity) < windowMs,
    add: (id, nowMs) => {
      if (young.size * 2 >= max) {
        old = young;
        young = new Map();
      }
      young.set(id, nowMs);
    },
    forget: (id) => {
      young.delete(id);
      old.delete(id);
    },
  };
};

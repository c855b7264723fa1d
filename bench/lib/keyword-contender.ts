/** A keyword index under measurement: it knows texts by their position. */
export interface KeywordContender {
  readonly add: (texts: readonly string[]) => unknown;
  /** Positions of the best, best first. */
  readonly search: (query: string, k: number) => readonly number[] | Promise<readonly number[]>;
}

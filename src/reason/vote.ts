/** An answer with those who gave it. */
export interface Vote<T> {
  /** As the first of them gave it. */
  readonly answer: T;
  readonly weight: number;
  /** Places of the samples, in order. */
  readonly samples: readonly number[];
}

/** What one sample votes for. */
export interface Ballot<T> {
  readonly sample: number;
  readonly answer: T;
  readonly weight: number;
}

/** Sums of weights in binary fractions are off by less than this. */
const rounding = 1e-9;

/**
 * The answers with their weight, the heaviest first; of equals the one with more samples, then the one that was given first. The
 * ballots are counted in the order of the samples, so the outcome does not depend on which was ready first.
 */
export const countVotes = <T>(ballots: readonly Ballot<T>[], isSame: (a: T, b: T) => boolean): readonly Vote<T>[] => {
  const votes: { answer: T; weight: number; samples: number[] }[] = [];
  for (const { sample, answer, weight } of [...ballots].sort((a, b) => a.sample - b.sample)) {
    const vote = votes.find((each) => isSame(each.answer, answer));
    if (vote === undefined) votes.push({ answer, weight, samples: [sample] });
    else {
      vote.weight += weight;
      vote.samples.push(sample);
    }
  }
  return votes.sort((a, b) => {
    if (Math.abs(a.weight - b.weight) > rounding) return b.weight - a.weight;
    // What is equal stays in the order of the first samples.
    return b.samples.length - a.samples.length;
  });
};

/** Whether the first two have equal weight. */
export const isTied = <T>([first, second]: readonly Vote<T>[]): boolean =>
  first !== undefined && second !== undefined && first.weight - second.weight <= rounding;

/** Whether the first one stays first, whatever so many further samples say, each of at most the weight 1. */
export const isDecided = <T>(votes: readonly Vote<T>[], samplesLeft: number): boolean => {
  const [first, second] = votes;
  return first !== undefined && first.weight - (second?.weight ?? 0) > samplesLeft + rounding;
};

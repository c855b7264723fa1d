/** One way to do a job. `make` prepares it; the function that it gives does the job once. */
export interface Contender {
  readonly name: string;
  /** What is counted: steps of a pipe, or pieces of a stream. */
  readonly job: 'step' | 'delta';
  /** How many of them one run does. */
  readonly units: number;
  readonly make: () => Promise<() => Promise<unknown>>;
}

/** Steps in one pipe, and pieces in one stream. */
export const stepCount = 10;
export const deltaCount = 10_000;
export const deltaText = 'tok ';

export const increment = async (value: number): Promise<number> => value + 1;

/** Guards against measuring something that did not do the job. */
export const expectLength = (length: number): void => {
  if (length !== deltaCount * deltaText.length) throw new Error(`The stream gave ${length} characters.`);
};

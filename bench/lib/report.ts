/** What one process measured. */
export interface Measurement {
  readonly name: string;
  readonly job: 'step' | 'delta';
  /** Microseconds per step or delta. */
  readonly us: number;
  /** The same for the plain code in the same process. */
  readonly plainUs: number;
}

export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

interface Target {
  readonly name: string;
  readonly maxUs?: number;
  /** At most this part of the best peer's time for the same job. */
  readonly maxPart?: number;
}

const targets: readonly Target[] = [
  { name: 'pipewright pipe, idle', maxUs: 0.5, maxPart: 1 / 30 },
  { name: 'pipewright pipe, with a listener', maxUs: 3 },
  { name: 'pipewright stream() of a step, .text', maxUs: 0.6, maxPart: 1 / 4 },
  { name: 'pipewright stream() of a chat model, .text', maxPart: 1 / 4 },
];

const isPeer = ({ name }: Measurement): boolean => !name.startsWith('pipewright') && !name.startsWith('plain');

/** Prints the medians of all rounds, the ratios, and how they stand to the targets. */
export const report = (measurements: readonly Measurement[]): void => {
  const names = [...new Set(measurements.map(({ name }) => name))];
  const of = (wanted: string): readonly Measurement[] => measurements.filter(({ name }) => name === wanted);
  const usOf = (name: string): number => median(of(name).map(({ us }) => us));
  const bestPeerUs = (job: Measurement['job']): number =>
    Math.min(...measurements.filter((one) => isPeer(one) && one.job === job).map(({ name }) => usOf(name)));
  const partOf = (name: string): number => usOf(name) / bestPeerUs(of(name)[0]?.job ?? 'step');
  console.log(`Node ${process.version}`);
  console.table(
    names.map((name) => ({
      contender: name,
      per: of(name)[0]?.job,
      µs: usOf(name).toFixed(3),
      '× plain': median(of(name).map(({ us, plainUs }) => us / plainUs)).toFixed(1),
      'of the best peer': `1/${(1 / partOf(name)).toFixed(1)}`,
    })),
  );
  for (const { name, maxUs, maxPart } of targets) {
    const isMet = (maxUs === undefined || usOf(name) <= maxUs) && (maxPart === undefined || partOf(name) <= maxPart);
    const limits = [
      ...(maxUs === undefined ? [] : [`${maxUs} µs`]),
      ...(maxPart === undefined ? [] : [`1/${1 / maxPart} of the best peer`]),
    ];
    console.log(`${isMet ? 'met   ' : 'MISSED'} ${name}: ${usOf(name).toFixed(3)} µs, at most ${limits.join(' and ')}`);
  }
};

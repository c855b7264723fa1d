import { PipewrightError, type Run, sliceTimer, yieldToEventLoop } from '../core/index.js';

/** Gives the event loop a turn when it is time, and rejects once the run is aborted. */
export type GiveWay = () => Promise<void>;

/** Throws `bad-input` for what is no text, which callers without types may give. */
export const checkText = (text: unknown, at: number): void => {
  if (typeof text === 'string') return;
  throw new PipewrightError('bad-input', `An embedder takes strings; item ${at} is of type ${typeof text}.`);
};

/** Embeds texts one by one in this process. */
export const embedEach = async (
  texts: readonly string[],
  run: Run,
  embed: (text: string, giveWay: GiveWay) => Promise<Float32Array>,
): Promise<readonly Float32Array[]> => {
  const isTimeUp = sliceTimer();
  const giveWay = async (): Promise<void> => {
    if (isTimeUp()) await yieldToEventLoop();
    run.throwIfAborted();
  };
  const vectors: Float32Array[] = [];
  for (const [at, text] of texts.entries()) {
    checkText(text, at);
    vectors.push(await embed(text, giveWay));
  }
  return vectors;
};

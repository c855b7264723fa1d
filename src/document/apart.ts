import type { Run } from '../core/index.js';
import { callOnThread, type StepCall, stepThreads } from '../thread/index.js';
import type { SourceFile } from './loader.js';

/** Less than this is read in some ten milliseconds. */
const smallBytes = 16_384;

/** The file is the first argument of the step. */
export interface ReadCall extends Pick<StepCall, 'name' | 'options'> {
  /** Arguments of the step after the file. */
  readonly rest?: readonly unknown[];
}

/** Does work with a run that ends at a deadline. */
export type Deadline = <T>(file: SourceFile, run: Run, work: (run: Run) => Promise<T>) => Promise<T>;

export interface ReadApartOptions {
  /** Begins when a thread is free for the file; what is not done then is ended with its thread. @default none */
  readonly deadline?: Deadline;
  /** Files with fewer bytes are read where they are. @default 16384 */
  readonly fromBytes?: number;
}

const noDeadline: Deadline = (_file, run, work) => work(run);

/**
 * Reads a large file on a thread of its own: the parsers of HTML, DOCX and PDF go through a file, a page or a picture in one go. Where
 * the package was packed into a bundle there is no file that a thread could load; then all files are read here.
 */
export const readApart = <T>(
  { name, options, rest = [] }: ReadCall,
  read: (file: SourceFile, run: Run) => Promise<T>,
  { deadline = noDeadline, fromBytes = smallBytes }: ReadApartOptions = {},
): ((file: SourceFile, run: Run) => Promise<T>) => {
  const call = options === undefined ? { name } : { name, options };
  return async (file, run) => {
    const threads = file.bytes.byteLength < fromBytes ? undefined : stepThreads('document');
    if (threads === undefined) return await deadline(file, run, (inner) => read(file, inner));
    return await threads.use(
      (thread) =>
        deadline(
          file,
          run,
          async (inner) => (await callOnThread(thread, { ...call, input: [file, ...rest] }, inner)) as T,
        ),
      run,
    );
  };
};

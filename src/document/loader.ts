import {
  defineStep,
  type Document,
  type Metadata,
  type PipewrightError,
  type Run,
  type Step,
  type StepLike,
} from '../core/index.js';

/** The bytes of one file, page or upload, as a loader takes them. */
export interface SourceFile {
  /** Path, URL or name. It becomes the `source` of the documents and the beginning of their ids. */
  readonly source: string;
  readonly bytes: Uint8Array;
  /** Character set that the server or caller named, such as `utf-8`. */
  readonly charset?: string;
}

/** What came out of one file. */
export interface Loaded {
  readonly type: 'loaded';
  readonly source: string;
  readonly documents: readonly Document[];
  /** What a reader should know though it is no failure: a page without text, a line that was left out. */
  readonly notices: readonly string[];
}

/** A file that could not be read, and why. */
export interface LoadFailure {
  readonly type: 'failed';
  readonly source: string;
  readonly error: PipewrightError;
}

export type LoadResult = Loaded | LoadFailure;

/** Turns the bytes of one file into documents: any function of this form is a loader. */
export type Loader = StepLike<SourceFile, Loaded>;

export interface LoadedParts {
  readonly documents: readonly Document[];
  readonly notices?: readonly string[];
}

/** Makes the step of a loader from a function that reads one format. */
export const defineLoader = (
  format: string,
  read: (file: SourceFile, run: Run) => LoadedParts | Promise<LoadedParts>,
): Step<SourceFile, Loaded> =>
  defineStep({ kind: 'loader', name: format }, async (file, run) => {
    run.throwIfAborted();
    const { documents, notices = [] } = await read(file, run);
    return { type: 'loaded', source: file.source, documents, notices };
  });

export interface DocumentParts {
  readonly id: string;
  readonly text: string;
  readonly source: string;
  readonly title?: string | undefined;
  readonly place?: Document['place'];
  readonly metadata: Metadata;
}

/** A document without the fields that have no value. */
export const documentOf = ({ title, place, ...rest }: DocumentParts): Document => ({
  ...rest,
  ...(title === undefined || title === '' ? {} : { title }),
  ...(place === undefined ? {} : { place }),
});

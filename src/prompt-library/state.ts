import {
  changeEntry,
  decodeState as decode,
  encodeState as encode,
  loadState as load,
  type Run,
  type Store,
  type StateForm as VersionedForm,
} from '../core/index.js';

/** How a record lies in a store: as JSON with a version. */
export interface StateForm<T> extends Omit<VersionedForm<T>, 'version'> {
  readonly write: (state: T) => object;
}

/** Of every record here. */
const version = 1;

export const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

export const isFigure = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);

/** @throws {PipewrightError} `store-newer` or `store-damaged` that names the key. */
export const decodeState = <T>(form: StateForm<T>, key: string, bytes: Uint8Array): T =>
  decode({ ...form, version }, bytes, key);

export const encodeState = <T>({ write }: StateForm<T>, state: T): Uint8Array => encode({ version, ...write(state) });

/** The record under a key; undefined when there is none. */
export const loadState = <T>(form: StateForm<T>, store: Store, key: string): Promise<T | undefined> =>
  load({ ...form, version }, store, key);

/** Changes the record under a key, also while other processes do: none of the changes is lost. */
export const changeState = async <T>(
  form: StateForm<T>,
  store: Store,
  key: string,
  change: (state: T | undefined) => T,
  run?: Run,
): Promise<T> => {
  let made: { readonly state: T } | undefined;
  await changeEntry(
    store,
    key,
    (before) => {
      const state = change(before === undefined ? undefined : decodeState(form, key, before));
      const value = encodeState(form, state);
      made = { state };
      const isSame = before !== undefined && Buffer.compare(before, value) === 0;
      return isSame ? undefined : { value, result: state };
    },
    run,
  );
  return (made as { readonly state: T }).state;
};

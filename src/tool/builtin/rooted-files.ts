import { constants, type Stats } from 'node:fs';
import { type FileHandle, lstat, open, readlink, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve, sep, win32 } from 'node:path';
import { messageOf, PipewrightError, randomId, type Run } from '../../core/index.js';

const refused = (path: string, why: string): PipewrightError =>
  new PipewrightError('not-allowed', `\`${path.slice(0, 200)}\` ${why}.`, { details: { where: path.slice(0, 200) } });

const failed = (path: string, error: unknown): PipewrightError => {
  const { code } = error as { readonly code?: string };
  if (code === 'ENOENT') return new PipewrightError('not-found', `There is no \`${path}\`.`);
  if (code === 'ELOOP') return refused(path, 'is a link');
  // The message of the system tells the whole path, which is none of the model's business.
  return new PipewrightError('bad-input', `\`${path}\` cannot be used (${code ?? messageOf(error)}).`, {
    cause: error,
  });
};

const isInside = (root: string, path: string): boolean =>
  path === root || path.startsWith(root === sep ? sep : root + sep);

/** The path as it is written, inside the root; whether links lead out of it is another question. */
const writtenPath = (root: string, path: string): string => {
  if (path.includes('\0')) throw refused(path.replaceAll('\0', '␀'), 'holds a character that no path may have');
  if (isAbsolute(path) || win32.isAbsolute(path) || /^[A-Za-z]:/u.test(path)) {
    throw refused(path, 'is an absolute path: give one from the root of these files');
  }
  const whole = resolve(root, path.replaceAll('\\', '/'));
  if (!isInside(root, whole)) throw refused(path, 'leads out of the folder of these files');
  return whole;
};

/** Where a path really is, every link followed. */
const realPlace = async (root: string, path: string): Promise<string> => {
  let real: string;
  try {
    real = await realpath(writtenPath(root, path));
  } catch (error) {
    throw error instanceof PipewrightError ? error : failed(path, error);
  }
  if (!isInside(root, real)) throw refused(path, 'leads out of the folder of these files');
  return real;
};

const isSame = (a: Stats, b: Stats): boolean => a.dev === b.dev && a.ino === b.ino;

/** A folder to work in. Dispose it. */
export interface HeldFolder extends AsyncDisposable {
  /** A path that leads to this very folder: on Linux also when something else takes its place meanwhile. */
  readonly place: string;
}

/** Files below one folder: nothing that a path says, and no link, leads out of it. */
export interface RootedFiles {
  readonly folder: (path: string) => Promise<HeldFolder>;
  /** The whole text of a plain file that has no more than so many bytes. */
  readonly text: (path: string, maxBytes: number) => Promise<string>;
  /** Writes a whole file: what was there is replaced at once, or stays as it was. Its folder must be there. */
  readonly write: (path: string, text: string, run: Run) => Promise<void>;
}

/** The name that stays with what is open, wherever it is moved and whatever takes its place; undefined where there is none. */
const heldPath = ({ fd }: FileHandle): string | undefined =>
  process.platform === 'linux' ? `/proc/self/fd/${fd}` : undefined;

/** A folder on the way may have become a link between the look and the opening: throws unless what is open lies inside. */
const checkInside = async (root: string, path: string, opened: FileHandle): Promise<void> => {
  const held = heldPath(opened);
  const isFine =
    held === undefined
      ? isSame(await opened.stat(), await stat(await realPlace(root, path)))
      : isInside(root, await readlink(held));
  if (!isFine) throw refused(path, 'was changed meanwhile');
};

const { O_CREAT, O_DIRECTORY = 0, O_EXCL, O_NOFOLLOW = 0, O_NONBLOCK = 0, O_RDONLY, O_WRONLY } = constants;

const openAs = async (path: string, real: string, flags: number): Promise<FileHandle> => {
  try {
    // No last link: it may have been put there since.
    return await open(real, O_RDONLY | O_NOFOLLOW | flags);
  } catch (error) {
    throw failed(path, error);
  }
};

const openInside = async (root: string, path: string): Promise<FileHandle> => {
  // Not blocking: a pipe would wait for its writer.
  const file = await openAs(path, await realPlace(root, path), O_NONBLOCK);
  try {
    const opened = await file.stat();
    if (!opened.isFile()) throw refused(path, opened.isDirectory() ? 'is a folder' : 'is no plain file');
    await checkInside(root, path, file);
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
};

const utf8 = (bytes: Uint8Array, path: string): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new PipewrightError('document-unsupported', `\`${path}\` holds no text.`);
  }
};

export const tooLarge = (path: string, bytes: number, maxBytes: number): PipewrightError =>
  new PipewrightError('not-allowed', `\`${path}\` has ${bytes} bytes, and ${maxBytes} are allowed.`);

const textInside = async (root: string, path: string, maxBytes: number): Promise<string> => {
  const file = await openInside(root, path);
  try {
    const { size } = await file.stat();
    if (size > maxBytes) throw tooLarge(path, size, maxBytes);
    // No more than was looked at, should it grow meanwhile.
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size), 0, size, 0);
    return utf8(buffer.subarray(0, bytesRead), path);
  } finally {
    await file.close();
  }
};

const folderInside = async (root: string, path: string): Promise<HeldFolder> => {
  const real = await realPlace(root, path);
  const found = await stat(real).catch((error: unknown) => {
    throw failed(path, error);
  });
  if (!found.isDirectory()) throw new PipewrightError('bad-input', `\`${path}\` is no folder.`);
  // Only Linux can work in a folder that is held open.
  if (process.platform !== 'linux') return { place: real, [Symbol.asyncDispose]: async () => undefined };
  const handle = await openAs(path, real, O_DIRECTORY);
  const held: HeldFolder = { place: heldPath(handle) ?? real, [Symbol.asyncDispose]: () => handle.close() };
  try {
    await checkInside(root, path, handle);
    return held;
  } catch (error) {
    await handle.close();
    throw error;
  }
};

const writeInside = async (root: string, path: string, text: string, run: Run): Promise<void> => {
  const whole = writtenPath(root, path);
  if (whole === root) throw refused(path, 'is the folder of these files itself');
  await using folder = await folderInside(root, relative(root, dirname(whole)));
  const target = join(folder.place, basename(whole));
  const before = await lstat(target).catch(() => undefined);
  if (before !== undefined && !before.isFile())
    throw refused(path, before.isDirectory() ? 'is a folder' : 'is no plain file');
  const draft = join(folder.place, `.${basename(whole)}.${randomId(run.random)}`);
  try {
    const file = await open(draft, O_WRONLY | O_CREAT | O_EXCL, 0o644);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    run.throwIfAborted();
    // Renaming replaces a link, it does not follow it.
    await rename(draft, target);
  } catch (error) {
    await rm(draft, { force: true });
    run.throwIfAborted();
    throw error instanceof PipewrightError ? error : failed(path, error);
  }
};

/** Opens the folder that all paths start from. */
export const rootedFiles = async (folder: string): Promise<RootedFiles> => {
  let root: string;
  try {
    root = await realpath(folder);
  } catch (error) {
    throw failed(folder, error);
  }
  return {
    folder: (path) => folderInside(root, path),
    text: (path, maxBytes) => textInside(root, path, maxBytes),
    write: (path, text, run) => writeInside(root, path, text, run),
  };
};

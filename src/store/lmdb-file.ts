import { open, stat } from 'node:fs/promises';
import { PipewrightError } from '../core/index.js';

// Layout of LMDB's first two pages (struct MDB_meta, data version 2): LMDB itself trusts them and the length of the file, and
// takes the process down where they are wrong.
const metaBytes = 160;
const magicAt = 24;
const magic = 0xbeefc0de;
const versionAt = 28;
const dataVersion = 2;
const pageBytesAt = 48;

export const damaged = (path: string, what: string, cause?: unknown): PipewrightError =>
  new PipewrightError(
    'store-damaged',
    `The store ${path} cannot be read: ${what}. Restore it from a backup, or delete the folder and fill it anew.`,
    { cause, details: { where: path } },
  );

const isPageBytes = (bytes: number): boolean => bytes >= 512 && bytes <= 65_536 && (bytes & (bytes - 1)) === 0;

/**
 * Looks at an LMDB data file before LMDB does. A missing or empty file is fine: LMDB makes a new one.
 * @throws {PipewrightError} `store-damaged` when it is no LMDB file or its head is cut off.
 */
export const checkDataFile = async (path: string, dataPath: string): Promise<void> => {
  const size = await stat(dataPath).then(
    (stats) => stats.size,
    () => 0,
  );
  if (size === 0) return;
  const file = await open(dataPath, 'r');
  try {
    let pageBytes = 0;
    for (const page of [0, 1]) {
      const bytes = new Uint8Array(metaBytes);
      const { bytesRead } = await file.read(bytes, 0, metaBytes, page * pageBytes);
      if (bytesRead < metaBytes) throw damaged(path, 'its data file is cut off');
      const head = new DataView(bytes.buffer);
      if (head.getUint32(magicAt, true) !== magic) throw damaged(path, 'its data file is no LMDB file');
      const version = head.getUint32(versionAt, true) & 0xffff;
      if (version !== dataVersion)
        throw damaged(path, `its data file has LMDB's format ${version}, not ${dataVersion}`);
      if (page === 0) pageBytes = head.getUint32(pageBytesAt, true);
      if (!isPageBytes(pageBytes)) throw damaged(path, 'its data file has a damaged head');
    }
  } finally {
    await file.close();
  }
};

/** How much shorter than its last page a sound file may be: pages that were given back before they were ever written. */
const maxMissingPages = 64;

/**
 * Makes the data file reach its last page, so that reading can never run over its end.
 * @throws {PipewrightError} `store-damaged` when more is missing than LMDB itself leaves out.
 */
export const checkLength = async (
  path: string,
  dataPath: string,
  lastPage: number,
  pageBytes: number,
): Promise<void> => {
  const { size } = await stat(dataPath);
  const wanted = (lastPage + 1) * pageBytes;
  if (size >= wanted) return;
  if (wanted - size > maxMissingPages * pageBytes) {
    throw damaged(path, `its data file has ${size} of ${wanted} bytes`);
  }
  const file = await open(dataPath, 'r+');
  try {
    await file.truncate(wanted);
    await file.sync();
  } finally {
    await file.close();
  }
};

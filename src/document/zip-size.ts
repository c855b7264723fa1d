const endRecordSignature = 0x06054b50;
const entrySignature = 0x02014b50;
const endRecordBytes = 22;
const maxCommentBytes = 65_535;

/** What the entries of a ZIP file say they unpack to, in bytes; 0 when there is no list of entries. */
export const unpackedBytes = (bytes: Uint8Array): number => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = endRecordOf(view);
  if (end === undefined) return 0;
  const entries = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  let total = 0;
  for (let index = 0; index < entries && at + 46 <= bytes.length; index++) {
    if (view.getUint32(at, true) !== entrySignature) break;
    total += view.getUint32(at + 24, true);
    at += 46 + view.getUint16(at + 28, true) + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return total;
};

/** The record at the end of the file, before a comment of at most 64 KiB. */
const endRecordOf = (view: DataView): number | undefined => {
  const last = view.byteLength - endRecordBytes;
  for (let at = last; at >= 0 && at >= last - maxCommentBytes; at--) {
    if (view.getUint32(at, true) === endRecordSignature) return at;
  }
  return undefined;
};

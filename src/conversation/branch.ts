import { PipewrightError, type Run } from '../core/index.js';
import { begin } from './append.js';
import { type ConversationRecord, type Desk, needRecord, readRecord, type Segment } from './record.js';
import { removeConversation } from './remove.js';
import type { BranchPoint, NewConversation } from './types.js';

/** Where the messages up to `seq` lie: what the conversation shares itself, cut there, and its own. */
const segmentsUpTo = (id: string, { segments }: ConversationRecord, seq: number): readonly Segment[] => {
  const shared: Segment[] = [];
  let from = 0;
  for (const { log, toSeq } of [...segments, { log: id, toSeq: seq }]) {
    if (from > seq) break;
    shared.push({ log, toSeq: Math.min(toSeq, seq) });
    from = toSeq + 1;
  }
  return shared;
};

/**
 * Makes the branch first and looks at the conversation again afterwards: whoever deletes it later sees the branch, and leaves the
 * messages that it shares.
 * @throws {PipewrightError} `not-found`; `bad-input` when there is no message of that number; `duplicate-id`.
 */
export const branchOff = async (
  desk: Desk,
  { id, seq }: BranchPoint,
  branch: { readonly id: string; readonly given: NewConversation },
  run: Run,
): Promise<ConversationRecord> => {
  const parent = await needRecord(desk, id);
  if (!Number.isSafeInteger(seq) || seq < -1 || seq >= parent.next) {
    throw new PipewrightError(
      'bad-input',
      `The conversation \`${id}\` has messages 0 to ${parent.next - 1}; it cannot branch behind ${seq}.`,
    );
  }
  const { title, tags, metadata } = parent;
  const given = { ...(title === undefined ? {} : { title }), tags, metadata, ...branch.given };
  const segments = segmentsUpTo(id, parent, seq);
  const fields = { parent: { id, seq }, segments, next: seq + 1, indexedTo: seq + 1 };
  const made = await begin(desk, { id: branch.id, given, fields }, run);
  if ((await readRecord(desk, id)) !== undefined) return made;
  await removeConversation(desk, branch.id, run);
  return needRecord(desk, id);
};

import type { Envelope, Notice, Parcel } from '../bus/index.js';

/** A message as it lies on the server: without the times, which the server adds. */
export const messageText = ({ ttlMs: _, ...message }: Parcel): string => JSON.stringify(message);

/** An envelope from its message and the times that the server gave it. */
export const envelopeOf = (message: string, sentMs: string, expiresMs: string): Envelope => ({
  // Written by `messageText`; `JSON.parse` makes `__proto__` a field like any other.
  ...(JSON.parse(message) as Omit<Parcel, 'ttlMs'>),
  sentMs: Number(sentMs),
  ...(expiresMs !== '' && { expiresMs: Number(expiresMs) }),
});

/** `<when> <message>`, as responses travel. */
export const responseOf = (text: string): Notice => {
  const space = text.indexOf(' ');
  return { type: 'response', envelope: envelopeOf(text.slice(space + 1), text.slice(0, space), '') };
};

/** What the server published; undefined for what this release does not know. */
export const noticeOf = (channel: string, text: string, base: string): Notice | undefined => {
  if (channel.startsWith(`${base}bus:`)) return responseOf(text);
  const space = text.indexOf(' ');
  const what = space < 0 ? text : text.slice(0, space);
  const rest = text.slice(space + 1);
  switch (what) {
    case 'mail':
      return { type: 'mail', name: channel.slice(`${base}mail:`.length) };
    case 'withdrawn':
      return { type: 'withdrawn', id: rest };
    case 'room':
      return { type: 'room', name: rest };
    case 'joined':
      return { type: 'member-joined', name: rest };
    case 'left':
    case 'died':
      return { type: 'member-left', name: rest, reason: what };
    default:
      return undefined;
  }
};

import { describeMail } from './message-bus-mail.js';
import { describeRequests } from './message-bus-requests.js';
import type { MessageBusSuite } from './message-bus-tools.js';

/** What every `MessageBus` must do. Run it in a vitest file of the implementation. */
export const describeMessageBus = (name: string, suite: MessageBusSuite): void => {
  describeMail(name, suite);
  describeRequests(name, suite);
};

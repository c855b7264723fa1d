import type { JSONRPCMessage, Transport, TransportSendOptions } from '@modelcontextprotocol/client';

/** Codes of our own, outside those that are taken: never sent, only read where the request waits. */
export const streamEndedCode = -32_099;
export const tooLongCode = -32_098;

export interface RequestStreams {
  /** Closes the streams of all requests under way. */
  readonly endAll: () => void;
}

const requestIdOf = (message: JSONRPCMessage | readonly JSONRPCMessage[]): string | number | undefined =>
  'method' in message && 'id' in message ? (message.id as string | number) : undefined;

const cancelledIdOf = (message: JSONRPCMessage | readonly JSONRPCMessage[]): unknown =>
  'method' in message && message.method === 'notifications/cancelled'
    ? (message.params as { readonly requestId?: unknown } | undefined)?.requestId
    : undefined;

/**
 * Over HTTP each request has a stream of its own for its answer, and the 2025 revisions do not tie the two together: a stream that
 * ends without an answer would leave its request waiting, and a request that was cancelled would leave its stream open. Here
 * such a request fails at once, and such a stream is closed.
 */
export const requestStreams = (transport: Transport, takeFault: () => string | undefined): RequestStreams => {
  const open = new Map<unknown, AbortController>();
  const send = transport.send.bind(transport);
  const close = (id: unknown): void => {
    open.get(id)?.abort();
    open.delete(id);
  };
  transport.onmessage = (message) => {
    if (!('method' in message)) open.delete(message.id);
  };
  const sendRequest = async (
    id: string | number,
    message: JSONRPCMessage,
    options: TransportSendOptions,
  ): Promise<void> => {
    const controller = new AbortController();
    open.set(id, controller);
    const onRequestStreamEnd = (): void => {
      if (!open.delete(id)) return;
      const fault = takeFault();
      const error =
        fault === undefined
          ? { code: streamEndedCode, message: 'the stream of the answer ended before the answer' }
          : { code: tooLongCode, message: fault };
      transport.onmessage?.({ jsonrpc: '2.0', id, error });
    };
    try {
      const { requestSignal = controller.signal } = options;
      // The 2026 revision ends the stream itself, and sends no word of it.
      options.requestSignal?.addEventListener('abort', () => open.delete(id), { once: true });
      await send(message, { onRequestStreamEnd, ...options, requestSignal });
    } catch (error) {
      open.delete(id);
      throw error;
    }
  };
  transport.send = async (message, options = {}) => {
    const id = requestIdOf(message);
    if (id !== undefined) return sendRequest(id, message, options);
    try {
      await send(message, options);
    } finally {
      const cancelled = cancelledIdOf(message);
      if (cancelled !== undefined) close(cancelled);
    }
  };
  return {
    endAll: () => {
      for (const id of [...open.keys()]) close(id);
    },
  };
};

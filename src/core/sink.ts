import { EventEmitter } from 'eventemitter3';
import { messageOf } from './errors.js';
import type { RunEvent, RunEventBody, RunListener, Span } from './events.js';

/** A listener, or what passes on to those above it. */
export interface Sink {
  readonly emitter: EventEmitter<{ event: [RunEvent] }> | undefined;
  readonly passes: ((event: RunEvent) => boolean) | undefined;
  readonly above: Sink | undefined;
}

interface SinkOptions {
  readonly on?: RunListener;
  readonly passes?: (event: RunEvent) => boolean;
}

const warnOf = (error: unknown): void => {
  process.emitWarning(`A run listener failed: ${messageOf(error)}. The run goes on without it being told.`, {
    type: 'PipewrightWarning',
  });
};

const guarded = (listener: RunListener): RunListener => {
  let hasWarned = false;
  const warnOnce = (error: unknown): void => {
    if (!hasWarned) warnOf(error);
    hasWarned = true;
  };
  return (event) => {
    try {
      const result = listener(event);
      if (result instanceof Promise) result.catch(warnOnce);
    } catch (error) {
      warnOnce(error);
    }
  };
};

/** The listener and filter that were given, before those above. */
export const sinkOf = ({ on, passes }: SinkOptions, above: Sink | undefined): Sink | undefined => {
  if (on === undefined && (passes === undefined || above === undefined)) return above;
  if (on === undefined) return { emitter: undefined, passes, above };
  const emitter = new EventEmitter<{ event: [RunEvent] }>();
  emitter.on('event', guarded(on));
  return { emitter, passes, above };
};

export const isDelta = (type: RunEventBody['type']): boolean =>
  type === 'text-delta' || type === 'reasoning-delta' || type === 'tool-call-delta';

/** The event with its span and time. The frequent kinds are written out: a spread takes ten times as long. */
export const stamped = (body: RunEventBody, span: Span, atMs: number): RunEvent => {
  switch (body.type) {
    case 'text-delta':
      return { type: 'text-delta', text: body.text, span, atMs };
    case 'reasoning-delta':
      return { type: 'reasoning-delta', text: body.text, span, atMs };
    case 'step-start':
      return { type: 'step-start', kind: body.kind, input: body.input, span, atMs };
    case 'step-end':
      return { type: 'step-end', output: body.output, durationMs: body.durationMs, span, atMs };
    default:
      return { ...body, span, atMs };
  }
};

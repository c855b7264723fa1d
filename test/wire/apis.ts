import type { WireApi } from './describe-wire.js';

/** Every API whose recordings are tested, by name. */
export const apis: Readonly<Record<string, WireApi>> = {};

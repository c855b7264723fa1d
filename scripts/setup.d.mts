/** A lockfile, as far as set-up reads it. */
export interface Lock {
  readonly packages: Readonly<
    Record<string, { readonly version?: string; readonly optional?: boolean; readonly devOptional?: boolean }>
  >;
}
export const root: string;
export const isAtLeast: (actual: string, wanted: string) => boolean;
export const requireNode: () => void;
export const missingPackages: (lock: Lock, installed: Lock) => readonly string[];
export const ensureInstalled: () => Promise<void>;
export const ensurePeers: () => Promise<void>;
export const isBuilt: () => boolean;
export const build: (options: { readonly quick: boolean }) => Promise<void>;
export const ensureBuilt: () => Promise<void>;
export const handOver: (args: readonly string[], env?: Readonly<Record<string, string>>) => void;

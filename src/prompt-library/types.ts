import type { Run, Store } from '../core/index.js';
import type { PromptContent, RenderStep } from './content.js';
import type { TextDiff } from './diff.js';
import type { PromptOutcome, PromptStats } from './stats.js';

/** One version of a prompt. It never changes. */
export interface PromptVersion {
  readonly name: string;
  /** From 1, in the order of saving. */
  readonly version: number;
  readonly content: PromptContent;
  /** SHA-256 of the content, hexadecimal. */
  readonly hash: string;
  /** Milliseconds since 1970. */
  readonly createdMs: number;
  readonly author?: string;
  /** Why it was made. */
  readonly note?: string;
}

/** What is said of a prompt beside its versions; it may change. */
export interface PromptFacts {
  /** What it is for. */
  readonly description?: string;
  readonly tags: readonly string[];
  /** Versions by label, such as `production`. */
  readonly labels: Readonly<Record<string, number>>;
}

/** A prompt with its latest version. */
export interface ListedPrompt extends PromptFacts {
  readonly name: string;
  readonly latest: PromptVersion;
}

export interface PromptPage {
  readonly prompts: readonly ListedPrompt[];
  /** Give it as `after` for the next page; left out on the last. */
  readonly next?: string;
}

/** Which version: its number, or a label such as `production`. Left out: the latest. */
export type VersionChoice = number | string;

export interface SaveOptions {
  readonly author?: string;
  readonly note?: string;
  /** What the prompt is for. @default what it was */
  readonly description?: string;
  /** @default what they were */
  readonly tags?: readonly string[];
  /** Labels that go to this version. */
  readonly labels?: readonly string[];
}

export interface ListOptions {
  /** Only prompts that have this tag. */
  readonly tag?: string;
  /** Only prompts that have this label. */
  readonly label?: string;
  /** @default 50 */
  readonly limit?: number;
  /** The name to go on after, from `next` of the page before. */
  readonly after?: string;
}

export interface VersionsOptions {
  /** @default 50 */
  readonly limit?: number;
  /** Only versions below this number. */
  readonly before?: number;
}

/** What a prompt's description, tags and labels are changed to; what is left out stays. */
export interface FactsChange {
  readonly description?: string;
  readonly tags?: readonly string[];
  /** Where labels go: a version, or undefined to take the label away. Labels that are not named stay. */
  readonly labels?: Readonly<Record<string, number | undefined>>;
}

/** A version, by name and number. */
export interface VersionRef {
  readonly name: string;
  readonly version: number;
}

export interface PromptLibraryOptions {
  /** Where the prompts are kept. Give the library a store of its own, or a part of one (`scoped`). It stays yours to close. */
  readonly store: Store;
}

/**
 * Prompts with all their versions. Versions never change and are never lost, whoever else writes into the same store.
 * Every function throws `store-damaged` or `store-newer` for a record that it cannot read, with the key.
 */
export interface PromptLibrary {
  /**
   * Saves a content as the first or the next version. A content that equals the latest version makes no new one.
   * @throws {PipewrightError} `bad-input` for a content that is no prompt, with the brace that is wrong.
   */
  readonly save: (name: string, content: PromptContent, options?: SaveOptions, run?: Run) => Promise<PromptVersion>;
  /** @throws {PipewrightError} `not-found` when there is no such prompt, version or label. */
  readonly get: (name: string, which?: VersionChoice) => Promise<PromptVersion>;
  /** Description, tags and labels. @throws {PipewrightError} `not-found`. */
  readonly facts: (name: string) => Promise<PromptFacts>;
  /** Prompts by name, page by page. */
  readonly list: (options?: ListOptions) => Promise<PromptPage>;
  /** Versions of a prompt, newest first. */
  readonly versions: (name: string, options?: VersionsOptions) => Promise<readonly PromptVersion[]>;
  /** Changes description, tags or labels. @throws {PipewrightError} `not-found`, also for a version that a label would go to. */
  readonly change: (name: string, change: FactsChange, run?: Run) => Promise<PromptFacts>;
  /** Makes a new version with the content of an earlier one. To move `production` back alone, `change` the label. */
  readonly rollBack: (name: string, to: VersionChoice, options?: SaveOptions, run?: Run) => Promise<PromptVersion>;
  /** What changed from one version to another, line by line and word by word. */
  readonly diff: (name: string, from: VersionChoice, to?: VersionChoice) => Promise<TextDiff>;
  /** Deletes a prompt with all that belongs to it; resolves to whether it was there. */
  readonly delete: (name: string, run?: Run) => Promise<boolean>;
  /**
   * Puts a version back as it was, with number, time, author and note. Where another content has that number already, it becomes
   * the next version. Resolves to the version that holds the content now.
   */
  readonly restore: (version: PromptVersion, run?: Run) => Promise<PromptVersion>;
  /**
   * A prompt as a step: takes the values of the variables, gives text or messages. The version is looked up at each call, so a
   * label that moves takes effect at once; a numbered version is read once.
   * The step throws `not-found`, and `variable-missing` or `variable-extra` that name the variable.
   */
  readonly prompt: (name: string, which?: VersionChoice) => RenderStep;
  /** Adds what came of one use of a version to its statistics. */
  readonly record: (used: VersionRef, outcome: PromptOutcome) => Promise<void>;
  /** What is known of the use of a version. */
  readonly stats: (name: string, which?: VersionChoice) => Promise<PromptStats>;
}

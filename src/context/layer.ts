import type { CacheLifetime, Message } from '../core/index.js';
import type { TextBlock } from './block.js';
import type { LeftOutBlock } from './choose.js';
import type { TextCompressor } from './compressor.js';

/** A passage of a layer, with the title that the model sees. */
export interface LayerBlock extends TextBlock {
  readonly title?: string;
}

/** What a layer holds: a text, the messages of a conversation, or passages, which are packed best first. */
export type LayerContent = string | readonly Message[] | readonly LayerBlock[];

/** How a layer gets its room, and what becomes of it when that is too small. */
export interface LayerSettings {
  /**
   * Whose voice a text is: `system` and `user` are instructions, `data` is information that a model is to read and not to follow,
   * such as a profile; it becomes a source. Messages and passages need none. @default 'data'
   */
  readonly role?: 'system' | 'user' | 'data';
  /** Without it there is no context: it gets room before all others, and an error says when even that is not enough. @default false */
  readonly isRequired?: boolean;
  /** Among layers that may be shortened, higher ones get their room first. @default 1 */
  readonly priority?: number;
  /** So much stays free for it while layers before it are filled. @default 0 */
  readonly minTokens?: number;
  /** @default no limit */
  readonly maxTokens?: number;
  /** The largest share of all room, 0 to 1. @default 1 */
  readonly maxRatio?: number;
  /**
   * What becomes of it when it is too long: `whole` leaves it out, `cut` keeps the first sentences of a text, the best passages and
   * the newest messages, and a compressor shortens text, passages and the long messages. @default 'cut'
   */
  readonly fit?: 'whole' | 'cut' | TextCompressor;
  /** Marks its end for prompt caches that want to be told. */
  readonly cache?: CacheLifetime;
}

/** What became of a layer. */
export interface LayerReport<Name extends string = string> {
  readonly name: Name;
  /** What its content takes, without what goes around a message. */
  readonly tokens: number;
  readonly outcome: 'whole' | 'cut' | 'compressed' | 'left-out';
  /** The passages that had no room, or only their beginning, best first. */
  readonly leftOutBlocks?: readonly LeftOutBlock<LayerBlock>[];
  /** The messages that had no room, oldest first. */
  readonly leftOutMessages?: readonly Message[];
}

/** Layers that most applications have, with what stays the same first, so that prompt caches find it again. */
export const standardLayers: {
  readonly system: LayerSettings;
  readonly task: LayerSettings;
  readonly history: LayerSettings;
  readonly profile: LayerSettings;
  readonly knowledge: LayerSettings;
  readonly query: LayerSettings;
} = {
  system: { role: 'system', isRequired: true, fit: 'whole' },
  task: { role: 'system', isRequired: true, fit: 'whole' },
  history: { priority: 2, maxRatio: 0.5 },
  profile: { role: 'data', priority: 3, maxRatio: 0.1 },
  knowledge: { priority: 1 },
  query: { role: 'user', isRequired: true, fit: 'whole' },
};

export const isMessages = (content: LayerContent): content is readonly Message[] =>
  typeof content !== 'string' && content.length > 0 && 'role' in (content[0] as object);

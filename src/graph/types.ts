import type { Document, Hit, Step, TextRange } from '../core/index.js';

/** Where a document names something: `document.text.slice(start, end)`. */
export interface Mention extends TextRange {
  readonly documentId: string;
}

/** Something that a text names. */
export interface ExtractedEntity {
  readonly name: string;
  /** `person`, `place`, `organization`, `date` and the like, in lower case. */
  readonly type: string;
  readonly description?: string;
  /** Other names by which the same text calls it. */
  readonly aliases?: readonly string[];
  readonly mentions: readonly Mention[];
}

/** What a text says of two of its entities. */
export interface ExtractedRelation {
  /** Names of entities of the same extraction. */
  readonly from: string;
  readonly to: string;
  /** `founded`, `works for`, … in lower case; `mentioned with` where nothing more is known. */
  readonly type: string;
  readonly description?: string;
  /** How strong, above 0. */
  readonly weight: number;
  readonly documentId: string;
  /** The stretch of the text that says it, where that is known. */
  readonly start?: number;
  readonly end?: number;
}

/** The entities and relations of one text: the same form whoever found them. */
export interface Extraction {
  readonly entities: readonly ExtractedEntity[];
  readonly relations: readonly ExtractedRelation[];
  /** What could not be read, one line each; the rest stands. */
  readonly failures?: readonly string[];
}

/** Finds the entities and relations of a document. */
export interface Extractor extends Step<Document, Extraction> {
  /** Names the way of finding and its settings: documents are read anew when it changes. */
  readonly id: string;
}

/** An entity of the graph: everything that goes by one of its names, from all documents. */
export interface Entity {
  /** Stable while its documents are: the normal form of its name. */
  readonly id: string;
  /** The form used most. */
  readonly name: string;
  readonly type: string;
  /** Its other forms, in order. */
  readonly aliases: readonly string[];
  readonly descriptions: readonly string[];
  /** In order of document and place. */
  readonly mentions: readonly Mention[];
  /** How many other entities it is related to. */
  readonly degree: number;
}

/** All that the documents say of two entities. */
export interface Relation {
  readonly from: Entity;
  readonly to: Entity;
  /** Sum over the documents. */
  readonly weight: number;
  /** Each statement as it was found; `from` and `to` are names as the document has them. */
  readonly statements: readonly ExtractedRelation[];
}

/** An entity beside the one asked for. */
export interface Neighbour {
  readonly entity: Entity;
  /** 1 for those directly related. */
  readonly hops: number;
  /** The relation over which it was reached. */
  readonly relation: Relation;
}

/** A way from one entity to another: its relations in order, each from where the last ended. */
export interface EntityPath {
  readonly entities: readonly Entity[];
  readonly relations: readonly Relation[];
}

/** Entities that are related to each other more than to others. */
export interface Community {
  /** Changes whenever anything in it does. */
  readonly id: string;
  /** 0 for the finest groups; each level joins those of the one below. */
  readonly level: number;
  /** Id of the community that this one is part of, one level up. */
  readonly parentId?: string;
  /** How many entities it has. */
  readonly size: number;
  /** The most central ones first, 20 at most. */
  readonly entities: readonly Entity[];
  /** Sum of the weights of the relations inside it. */
  readonly weight: number;
  /** The stretches of documents that say the most about it, best first; `place` says where they stand. */
  readonly passages: readonly Hit[];
}

/** What a community is about. */
export interface CommunityReport {
  readonly communityId: string;
  readonly level: number;
  readonly title: string;
  readonly summary: string;
  /** True when a model wrote it; else it is quoted from the documents. */
  readonly isWritten: boolean;
  /** How many entities the community has. */
  readonly size: number;
  /** Names of the most central ones. */
  readonly entities: readonly string[];
  readonly passages: readonly Hit[];
}

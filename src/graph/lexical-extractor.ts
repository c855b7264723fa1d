import { checkAtLeast, defineStepWith, type Document, PipewrightError, type Run } from '../core/index.js';
import { sentenceSpans, textPieces, type TextSpan } from '../text/index.js';
import { callOnThread, stepThreads } from '../thread/index.js';
import { shortForms } from './aliases.js';
import { sentenceRelations, unknownType } from './co-occurrence.js';
import { compromiseTagger, type NameTagger, withTags } from './compromise-names.js';
import { phraseCandidates } from './concepts.js';
import { giveWayOf } from './give-way.js';
import { cleanName, maxNameLength, nameKey } from './name-key.js';
import { nameCandidates, noteForms, type Token, tokensOf, type WordForms, wordForms } from './names.js';
import { type Candidate, overlaps, patternCandidates } from './patterns.js';
import type { ExtractedEntity, ExtractedRelation, Extraction, Extractor, Mention } from './types.js';

export interface LexicalExtractorOptions {
  /**
   * How names are told apart: `rules` looks at capital letters and cue words; `compromise` also asks the package of that name
   * for people, places and organizations, on another thread; it takes about thirty times as long. @default 'rules'
   */
  readonly names?: 'rules' | 'compromise';
  /** Types to leave out: `date`, `quantity`, `code`, … @default none */
  readonly without?: readonly string[];
  /** Entities of one document at most, the most mentioned first. @default 500 */
  readonly maxEntities?: number;
}

/** One found name in a document. */
interface Found extends TextSpan {
  readonly name: string;
  readonly type: string;
  readonly sentence: TextSpan;
}

interface Sentence extends TextSpan {
  readonly tokens: readonly Token[];
}

/**
 * Finds entities and relations without a model: names by their capital letters, acronyms with their long forms, dates,
 * quantities with units, names of code, and phrases that come twice; related when they stand in one sentence, more so when a
 * short phrase with a verb stands between them, or when the next sentence goes on with a pronoun. English; about 2 ms for 1,000 characters. Relations found by neighbourhood say that two things were mentioned
 * together, no more.
 * @throws {PipewrightError} `bad-option`; the step throws `dependency-missing` without compromise where that is asked for.
 * @example (await lexicalExtractor()({ id: 'a', text: 'Then Ada Lovelace met Charles Babbage.' })).entities.length // => 2
 */
export const lexicalExtractor = (options: LexicalExtractorOptions = {}): Extractor => {
  const { names = 'rules', without = [], maxEntities = 500 } = options;
  if (names !== 'rules' && names !== 'compromise') {
    throw new PipewrightError('bad-option', `\`names\` must be 'rules' or 'compromise', got ${String(names)}.`);
  }
  checkAtLeast('maxEntities', maxEntities, 1);
  const leftOut = new Set(without);
  const details = { names, maxEntities, ...(without.length === 0 ? {} : { without: without.join(', ') }) };
  const id = `lexical/1 ${JSON.stringify(details)}`;
  const extractHere = async (document: Document, run: Run): Promise<Extraction> => {
    const tagger = names === 'compromise' ? await compromiseTagger() : undefined;
    const found = await findNames(document, tagger, run);
    return extractionOf(
      document,
      found.filter(({ type }) => !leftOut.has(type)),
      Math.floor(maxEntities),
    );
  };
  return defineStepWith({ kind: 'lexical-extractor', details }, { id }, async (document: Document, run: Run) => {
    // Loading compromise holds the event loop for a third of a second or more, and each sentence for some milliseconds.
    const threads = names === 'compromise' ? stepThreads('graph') : undefined;
    if (threads === undefined) return await extractHere(document, run);
    const call = { name: 'lexicalExtractor', options: [options], input: [document] };
    return (await threads.use((thread) => callOnThread(thread, call, run), run)) as Extraction;
  });
};

const findNames = async ({ text }: Document, tagger: NameTagger | undefined, run: Run): Promise<readonly Found[]> => {
  const giveWay = giveWayOf(run);
  const forms = wordForms();
  const sentences: Sentence[] = [];
  let offset = 0;
  for (const piece of textPieces(text)) {
    for (const { start, end } of sentenceSpans(piece)) {
      const tokens = tokensOf(piece.slice(start, end));
      noteForms(forms, tokens);
      sentences.push({ start: offset + start, end: offset + end, tokens });
      await giveWay();
    }
    offset += piece.length;
  }
  const found: Found[] = [];
  for (const { start, end, tokens } of sentences) {
    const sentence = text.slice(start, end);
    for (const { type, ...range } of candidatesIn(sentence, tokens, forms, tagger)) {
      const name = cleanName(sentence.slice(range.start, range.end));
      const isUsable = name !== '' && name.length <= maxNameLength;
      if (isUsable)
        found.push({ name, type, start: start + range.start, end: start + range.end, sentence: { start, end } });
    }
    await giveWay();
  }
  return withoutPassingPhrases(found);
};

const candidatesIn = (
  sentence: string,
  tokens: readonly Token[],
  forms: WordForms,
  tagger: NameTagger | undefined,
): readonly Candidate[] => {
  const taken = patternCandidates(sentence);
  const names = nameCandidates(sentence, tokens, taken, forms);
  const tags = tagger?.(sentence).filter((tag) => !taken.some((known) => overlaps(known, tag))) ?? [];
  const named = [...taken, ...withTags(names, tags)];
  return [...named, ...phraseCandidates(sentence, tokens, named)].sort((a, b) => a.start - b.start);
};

/** A phrase in small letters is a concept of a document that uses it twice. */
const withoutPassingPhrases = (found: readonly Found[]): readonly Found[] => {
  const times = new Map<string, number>();
  for (const { name, type } of found) if (type === 'concept') times.set(name, (times.get(name) ?? 0) + 1);
  return found.filter(({ name, type }) => type !== 'concept' || (times.get(name) ?? 0) > 1);
};

/** What goes by one name in a document. */
interface Group {
  readonly name: string;
  readonly types: Map<string, number>;
  readonly aliases: Set<string>;
  readonly mentions: Mention[];
}

const extractionOf = ({ id, text }: Document, found: readonly Found[], maxEntities: number): Extraction => {
  const firsts = new Map<string, Found>();
  for (const one of found) if (!firsts.has(one.name)) firsts.set(one.name, one);
  const longs = shortForms(Array.from(firsts.values(), ({ name, type, start }) => ({ name, type, firstAt: start })));
  const groups = new Map<string, Group>();
  const groupOf = (name: string): Group => {
    const key = nameKey(name);
    const known = groups.get(key) ?? { name, types: new Map(), aliases: new Set(), mentions: [] };
    groups.set(key, known);
    return known;
  };
  for (const { name, type, start, end } of found) {
    const group = groupOf(longs.get(name) ?? name);
    group.mentions.push({ documentId: id, start, end });
    group.types.set(type, (group.types.get(type) ?? 0) + (type === 'name' ? 0.5 : 1));
    if (name !== group.name) group.aliases.add(name);
  }
  const kept = [...groups.values()].sort((a, b) => b.mentions.length - a.mentions.length).slice(0, maxEntities);
  const keptNames = new Set(kept.map(({ name }) => name));
  const named = found.map((one) => ({ ...one, name: groupOf(longs.get(one.name) ?? one.name).name }));
  return {
    entities: kept.map(entityOf),
    relations: relationsOf(
      text,
      named.filter(({ name }) => keptNames.has(name)),
      id,
    ),
  };
};

const entityOf = ({ name, types, aliases, mentions }: Group): ExtractedEntity => {
  const [type] = [...types].reduce((best, one) => (one[1] > best[1] ? one : best));
  return { name, type, ...(aliases.size === 0 ? {} : { aliases: [...aliases] }), mentions };
};

/** A sentence that goes on about what the one before it was about. */
const goesOn = /^(?:It|He|She|They|Its|His|Her|Their)\b/u;
const goesOnWeight = 0.5;

/** `found` is in order, so the mentions of a sentence stand side by side. */
const relationsOf = (text: string, found: readonly Found[], documentId: string): readonly ExtractedRelation[] => {
  const relations: ExtractedRelation[] = [];
  let subject: Found | undefined;
  for (let from = 0; from < found.length; ) {
    const first = found[from] as Found;
    const { sentence } = first;
    let to = from + 1;
    while (found[to]?.sentence.start === sentence.start) to++;
    relations.push(...sentenceRelations(text, sentence, found.slice(from, to), documentId));
    const isAbout = subject !== undefined && goesOn.test(text.slice(sentence.start, sentence.start + 6));
    const isNext =
      found[from - 1] !== undefined && text.slice(found[from - 1]?.sentence.end, sentence.start).trim() === '';
    if (!isAbout || !isNext) subject = first;
    else if (subject !== undefined && subject.name !== first.name) {
      const { start } = found[from - 1]?.sentence ?? sentence;
      const ends = { from: subject.name, to: first.name, documentId, start, end: sentence.end };
      relations.push({ ...ends, type: unknownType, weight: goesOnWeight });
    }
    from = to;
  }
  return relations;
};

import { estimateTokens } from '../../model/index.js';
import { scrubText } from '../../core/index.js';
import { type Remark, remarkAt, remarkOnAll, type Rule, stretchesOf } from './finding.js';
import type { LintText, PromptView, Stretch, VariablePlace } from './view.js';

/** Names of values that people or documents wrote: long, and not to be trusted. */
const dataNames: ReadonlySet<string> = new Set(
  'text texts document documents doc docs article articles content contents body email emails mail message messages transcript passage passages context code snippet diff input inputs data review reviews comment comments ticket tickets feedback report reports notes html page pages webpage conversation dialogue log logs resume cv contract story essay source sources excerpt paragraph paragraphs description posting post tweet abstract paper'.split(
    ' ',
  ),
);
/** In a system message these are as strange as data. */
const userNames: ReadonlySet<string> = new Set(['question', 'query', 'request', 'answer', 'prompt', 'instruction']);

const lastWord = (name: string): string =>
  name
    .replace(/([a-z\d])([A-Z])/gu, '$1_$2')
    .toLowerCase()
    .split('_')
    .filter((word) => word !== '' && !/^\d+$/u.test(word))
    .at(-1) ?? '';

const isData = ({ name }: VariablePlace, { role }: LintText): boolean => {
  const word = lastWord(name);
  return dataNames.has(word) || (role === 'system' && userNames.has(word));
};

const tagToken = /<(\/?)([A-Za-z][\w-]*)(?:\s[^<>]{0,200})?>/gu;

/** What stands between tags of one name, the outermost ones. */
const betweenTags = (text: string): readonly Stretch[] => {
  const open = new Map<string, number>();
  const found: Stretch[] = [];
  for (const { 0: tag, 1: slash, 2: name = '', index } of text.matchAll(tagToken)) {
    const start = open.get(name);
    if (slash === '') open.set(name, start ?? index + tag.length);
    else if (start !== undefined) {
      found.push({ start, end: index });
      open.delete(name);
    }
  }
  return found;
};

/** What stands between two marks of a kind, from the first to the second, from the third to the fourth, … */
const betweenMarks = (mark: RegExp, text: string): readonly Stretch[] => {
  const marks = stretchesOf(mark, text);
  return marks.flatMap(({ end }, at) => {
    const next = marks[at + 1];
    return at % 2 === 1 || next === undefined ? [] : [{ start: end, end: next.start }];
  });
};

const fenceMark = /```/gu;
const quoteMarks = /"""|'''/gu;
const ruleLine = /^[^\S\n]*(?:-{3,}|={3,}|#{3,}|\*{3,})[^\S\n]*$/gmu;

/** Which offsets stand between delimiters; ask in rising order. */
const delimited = (text: string): ((at: number) => boolean) => {
  const all = [
    ...betweenTags(text),
    ...[fenceMark, quoteMarks, ruleLine].flatMap((mark) => betweenMarks(mark, text)),
  ].sort((a, b) => a.start - b.start);
  let next = 0;
  let end = -1;
  return (at) => {
    for (let stretch = all[next]; stretch !== undefined && stretch.start <= at; stretch = all[++next]) {
      end = Math.max(end, stretch.end);
    }
    return at < end;
  };
};

const isQuoted = (before: string, after: string): boolean =>
  /["“'‘`«[][^\S\n]*$/u.test(before) && /^[^\S\n]*["”'’`»\]]/u.test(after);

const label = /(?:^|\n)[^\S\n]*(?:#{1,6} [^\n]+|[^\n]{1,40}:|\*\*[^\n]{1,40}\*\*:?)\s*$/u;

/** Alone below a heading or label, with nothing behind it but the next one. */
const isUnderLabel = (before: string, after: string): boolean =>
  label.test(before) &&
  /\n\s*$/u.test(before) &&
  /^\s*(?:$|\n\s*(?:#{1,6} |[^\n]{1,40}:\s*(?:\n|$|\{)|\*\*|<|\{))/u.test(after);

/** How far around a place its label is looked for. */
const nearby = 80;

export const undelimitedData: Rule = ({ texts }) =>
  texts.flatMap((text) => {
    const { text: all, role } = text;
    const isDelimited = delimited(all);
    return text.places.flatMap((place): readonly Remark[] => {
      const { name, start, end } = place;
      if (isDelimited(start) || !isData(place, text) || (role !== 'system' && all.trim() === `{${name}}`)) return [];
      const [before, after] = [all.slice(Math.max(0, start - nearby), start), all.slice(end, end + nearby)];
      if (isQuoted(before, after) || isUnderLabel(before, after)) return [];
      const isLast = role !== 'system' && after.trim() === '';
      const message = `The value of \`${name}\` runs into the instructions around it, and what it says may be taken for one. Put it between delimiters, such as <${name}>{${name}}</${name}>, and say that it is information only; \`brief\` does that with \`data\`.`;
      return [remarkAt(text, place, isLast ? 'info' : 'warning', message)];
    });
  });

const material =
  '(?:texts?|articles?|documents?|e-?mails?|messages?|code|snippets?|data|dataset|passages?|paragraphs?|transcripts?|reports?|reviews?|images?|pictures?|files?|stor(?:y|ies)|essays?|logs?|contents?|conversations?|contracts?|papers?|resumes?|functions?|questions?|inputs?|sentences?)';
const pointing = new RegExp(
  `\\b(?:(?:the|this|these|my|our) )?(?:following|attached|provided|enclosed|below|above)(?: \\w+)? ${material}\\b|\\b(?:this|these)(?: \\w+)? ${material}(?=[.:!?,]|$| (?:in|into|to|for|and|as)\\b)|\\b${material} (?:below|above|attached)\\b|\\b(?:summari[sz]e|translate|proofread|rewrite|paraphrase|classify|edit) (?:the|my|our)(?: \\w+)? ${material}(?=[.:!?,]|$)`,
  'giu',
);
const comesLater =
  /\b(?:i will|i['’]ll|i['’]m going to|will be (?:given|provided|sent)|you will (?:be given|receive|get|see)|users?(?: \w+)? (?:provides?|gives?|sends?|pastes?|submits?|asks?|shares?)|(?:given|provided|sent|pasted|shared) (?:by|to)|i (?:provide|give|send|paste|share|type))\b/iu;
/** So many words behind the reference are what it points to. */
const leastMaterialWords = 25;
const bareTask = /^\W*(?:please )?(?:write|create|generate|make|draft|compose|design|build|develop|plan)\b/iu;
const mostBareWords = 7;

const words = (text: string): number => text.match(/[\p{L}\p{N}]+/gu)?.length ?? 0;

const holdsMaterial = ({ hasVariables, hasParts, slots, texts, examples }: PromptView): boolean =>
  hasVariables ||
  hasParts ||
  slots.length > 0 ||
  examples.length > 0 ||
  texts.some(({ text }) => /```|"""|\{\{|<[A-Za-z][\w-]*>|["“][^"”]{40,}["”]|https?:\/\//u.test(text));

export const missingContext: Rule = (view) => {
  const { texts, prose, isEnglish } = view;
  const [text] = texts;
  if (!isEnglish || text === undefined || texts.length > 1 || holdsMaterial(view)) return [];
  if (bareTask.test(prose) && words(prose) <= mostBareWords) {
    return [
      remarkOnAll(
        'warning',
        'The task stands alone. Say for whom and for what it is, what the model must know, and how you will judge the result.',
      ),
    ];
  }
  if (comesLater.test(prose)) return [];
  const at = stretchesOf(pointing, text.prose).at(-1);
  if (at === undefined || words(text.prose.slice(at.end)) >= leastMaterialWords) return [];
  if (words(text.prose.slice(0, at.start)) > 4 * leastMaterialWords) return [];
  const quoted = text.text.slice(at.start, at.end);
  return [
    remarkAt(
      text,
      at,
      'warning',
      `"${quoted}" is not in the prompt, and no variable or list brings it. Add a place for it.`,
    ),
  ];
};

const fromSources =
  /\b(?:answer|respond|reply|use|using|based|rely)\b[^.!?\n]{0,60}\b(?:only|from|on|according to|using|the|these|provided)\b[^.!?\n]{0,30}\b(?:context|sources?|passages?|documents?|excerpts?|knowledge base)\b/iu;
const fallback =
  /\b(?:(?:don['’]t|do not|doesn['’]t|does not|cannot|can['’]t|not) (?:know|have|contain|hold|find|answer|found|include|provide|mention|say|enough|in|be|available|given|covered?)|insufficient|unsure|unknown|no answer|not (?:in|found|covered|available|mentioned|sufficient)|isn['’]t|is not|are not|aren['’]t|missing|absent|say so|unanswerable|without guessing)\b/iu;

export const noFallback: Rule = ({ prose, slots, texts, isEnglish }) => {
  const hasSources = slots.some(({ slot }) => slot === 'sources');
  if (!isEnglish || fallback.test(prose) || !(fromSources.test(prose) || (hasSources && /\banswer/iu.test(prose))))
    return [];
  const message =
    'It is to answer from what it is given, and nothing says what to do where the answer is not there. Say so, such as "If the sources do not hold the answer, say that you do not know."';
  return [remarkOnAll('info', message, texts[0]?.item ?? 0)];
};

const placeholders: readonly RegExp[] = [
  /\[(?:insert|your|enter|add|paste|fill in|name of)\b[^\]\n]{0,60}\]/giu,
  /<(?:insert|your|enter|paste)[ _-][^>\n]{0,60}>/giu,
  /\bT(?:ODO|BD)\b|\bFIX[M]E\b|\bX{3,}\b|\blorem ipsum\b/giu,
  /\$\{[^}\n]{1,60}\}|<%=?[^\n]{0,60}?%>/gu,
];
/** `{{name}}` is a variable elsewhere; here it is the text `{name}`. */
const doubled = /\{\{\s*[A-Za-z_][\w.]*\s*\}\}/gu;

export const unfilledPlaceholder: Rule = ({ texts }) =>
  texts.flatMap((text) => [
    ...placeholders
      .flatMap((pattern) => stretchesOf(pattern, text.prose))
      .map((at) =>
        remarkAt(
          text,
          at,
          'error',
          `"${text.text.slice(at.start, at.end)}" waits to be filled in. Write \`{name}\` for a variable.`,
        ),
      ),
    ...stretchesOf(doubled, text.prose).map((at) => {
      const name = text.text.slice(at.start, at.end).replace(/[{}\s]/gu, '');
      return remarkAt(
        text,
        at,
        'error',
        `Doubled braces are plain text here: the model will read "{${name}}". Write \`{${name}}\` for a variable.`,
      );
    }),
  ]);

const unclosedTags = (text: LintText): readonly Remark[] => {
  const code = text.text.replace(/^```[\s\S]*?^```/gmu, (fenced) => ' '.repeat(fenced.length));
  const lastClosed = new Map(
    Array.from(code.matchAll(/<\/([A-Za-z][\w-]*)>/gu), ({ 1: name, index }) => [name, index]),
  );
  return Array.from(code.matchAll(/^[^\S\n]*<([A-Za-z][\w-]*)>[^\S\n]*$/gmu)).flatMap(
    ({ 0: line, 1: name = '', index }) => {
      if ((lastClosed.get(name) ?? -1) > index) return [];
      return [
        remarkAt(text, { start: index, end: index + line.length }, 'warning', `<${name}> is opened and never closed.`),
      ];
    },
  );
};

const oddMarks = (text: LintText): readonly Remark[] =>
  [/^[^\S\n]*```/gmu, /"""/gu].flatMap((mark) => {
    const found = stretchesOf(mark, text.text);
    const last = found.at(-1);
    return last === undefined || found.length % 2 === 0
      ? []
      : [
          remarkAt(
            text,
            last,
            'warning',
            `\`${text.text.slice(last.start, last.end).trim()}\` is opened and never closed.`,
          ),
        ];
  });

export const unclosedDelimiter: Rule = ({ texts }) =>
  texts.flatMap((text) => [...unclosedTags(text), ...oddMarks(text)]);

const hidden = /[\u00ad\u200b\u2060\u202a-\u202e\u2066-\u2069\ufeff\u{e0000}-\u{e007f}]+/gu;

export const hiddenCharacter: Rule = ({ texts }) =>
  texts.flatMap((text) =>
    stretchesOf(hidden, text.text).map((at: Stretch) => {
      const codes = [...text.text.slice(at.start, at.end)].map(
        (each) => `U+${each.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')}`,
      );
      return remarkAt(
        text,
        at,
        'warning',
        `Characters that nobody sees and the model reads: ${codes.slice(0, 4).join(' ')}. Delete them.`,
      );
    }),
  );

export const secret: Rule = ({ texts }) =>
  texts
    .filter(({ text }) => scrubText(text) !== text)
    .map(({ item }) =>
      remarkOnAll('error', 'The prompt holds what looks like a key or password. Take it out, and change it.', item),
    );

/** Providers cache a prompt's unchanged beginning from about so many tokens. */
const leastCachedTokens = 1_024;

export const cacheOrder: Rule = ({ texts }, { model }) => {
  const first = texts.find(({ places }) => places.length > 0);
  const [place] = first?.places ?? [];
  if (first === undefined || place === undefined) return [];
  const behind = [first.text.slice(place.end), ...texts.slice(texts.indexOf(first) + 1).map(({ text }) => text)];
  const tokens = behind.reduce((sum, text) => sum + estimateTokens(text, model), 0);
  if (tokens < leastCachedTokens) return [];
  const message = `About ${tokens} tokens that never change stand behind the first value, so no provider can cache them. Put what stays the same first, and values last.`;
  return [remarkAt(first, place, 'info', message)];
};

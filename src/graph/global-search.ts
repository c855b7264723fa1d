import { checkAtLeast, compileFilter, type Filter, type Hit } from '../core/index.js';
import { analyzer, stopWords, wordRarity, words } from '../text/index.js';
import type { CommunityReport } from './types.js';

/** Passages of one report among the hits: a broad question wants many communities rather than all of one. */
const passagesPerReport = 4;
/** What the size of a community counts beside the words that it shares with the question. */
const sizeShare = 0.2;

/**
 * Reports in the order in which they help with a question: by the share of its words that they hold, by their rarity, and by the
 * size of their communities. A question about everything shares no words with any; then the largest come first.
 */
export const rankReports = (reports: readonly CommunityReport[], question: string): readonly CommunityReport[] => {
  const analyze = analyzer();
  const terms = new Map<string, number>();
  for (const word of words(question)) {
    const [term] = analyze(word);
    if (term !== undefined && !stopWords.has(word)) terms.set(term, wordRarity(word));
  }
  const all = [...terms.values()].reduce((sum, weight) => sum + weight, 0);
  const largest = Math.max(1, ...reports.map(({ size }) => size));
  const scored = reports.map((report) => {
    const held = new Set(analyze([report.title, report.summary, ...report.entities].join(' ')));
    let shared = 0;
    for (const [term, weight] of terms) if (held.has(term)) shared += weight;
    const bySize = Math.log1p(report.size) / Math.log1p(largest);
    return { report, score: (all === 0 ? 0 : shared / all) + sizeShare * bySize };
  });
  scored.sort((a, b) => b.score - a.score || (a.report.communityId < b.report.communityId ? -1 : 1));
  return scored.map(({ report }) => report);
};

/** The passages of reports in turn: the best of each, then the second of each, and so on. Each once. */
export const passagesOfReports = (reports: readonly CommunityReport[], k: number, filter?: Filter): readonly Hit[] => {
  checkAtLeast('k', k, 1);
  const matches = filter === undefined ? undefined : compileFilter(filter);
  const fitting = reports.map(({ passages }) => passages.filter(({ metadata }) => matches?.(metadata) ?? true));
  const hits = new Map<string, Hit>();
  for (let at = 0; at < passagesPerReport; at++) {
    for (const passages of fitting) {
      const hit = passages[at];
      if (hit !== undefined && hits.size < k && !hits.has(hit.id))
        hits.set(hit.id, { ...hit, score: 1 / (1 + hits.size) });
    }
  }
  return [...hits.values()];
};

import { stopWords } from './stop-words.js';

/** English words that say something, most frequent first. Words that carry grammar only are in `stopWords`. */
const frequentWords = `
said time people year way day man new good first last long great little old right big high different small large next
early young important public bad able get make go know take see come think look want give use find tell ask work seem
feel try leave call back even well still never much many thing part place case week company system program question
government number night point home water room mother area money story fact month lot study book eye job word business
issue side kind head house service friend father power hour game line end member law car city community name president
team minute idea kid body information nothing ago lead social understand watch together follow around parent stop face
anything create read level allow add office spend door health person art war history party grow result open change
morning walk reason low win research girl guy food moment air teacher force offer enough education across although
remember foot second boy maybe toward age policy everything love process music including consider appear actually buy
probably human wait serve market die send expect sense build stay fall oh nation plan cut college interest death
course someone experience behind reach local kill six remain effect suggest class control raise care perhaps late hard
field pass former sell major sometimes require along development report role better economic effort decide rate strong
possible heart drug leader light voice wife whole police mind finally pull return free military price less according
decision explain son hope develop view relationship carry town road drive arm true federal break difference thank
receive value international building action full model join season society tax director position player agree
especially record pick wear paper special space ground form support event official matter everyone center couple site
project hit base activity star table court produce eat teach oil half situation easy cost industry figure street image
phone data cover picture clear practice piece land recent describe product doctor wall patient worker news test movie
certain north personal simply third technology catch step baby computer type attention draw film tree source red
nearly organization choose cause hair century evidence window difficult listen soon culture billion chance brother
energy period summer realize hundred available plant likely opportunity term short letter condition choice single rule
daughter administration south husband floor campaign material population economy medical hospital church close
thousand risk current fire future wrong involve defense anyone increase security bank certainly west sport board seek
subject officer private rest behavior deal performance fight throw top quickly past goal bed order author fill
represent focus foreign drop blood agency push nature color recently store reduce sound note fine near movement page
enter share common poor natural race concern series significant similar hot language usually response dead rise animal
factor decade article shoot east save seven artist scene stock career despite central eight treatment beyond happy
exactly protect approach lie size dog fund serious occur media ready sign thought list individual simple quality
pressure accept answer resource identify left meeting determine prepare disease whatever success argue cup
particularly amount ability staff recognize indicate character growth loss degree wonder attack region television box
training pretty trade election everybody physical lay general feeling standard bill message fail outside arrive
analysis benefit sex forward lawyer present section environmental glass skill sister professor operation financial
crime stage compare authority miss design sort act ten knowledge gun station blue strategy clearly discuss indeed
truth song example democratic check environment leg dark various laugh guess executive prove hang entire rock forget
claim remove manager enjoy network legal religious cold final main science green memory card seat cell establish nice
trial expert spring firm radio visit management avoid imagine tonight huge ball finish theory impact respond statement
maintain charge popular traditional onto reveal direction weapon employee cultural contain peace pain apply play
measure wide shake fly interview manage chair fish particular camera structure politics perform bit weight suddenly
discover candidate production treat trip evening affect inside conference unit style adult worry range mention deep
edge specific writer trouble necessary throughout challenge fear shoulder institution sea dream bar beautiful property
instead improve stuff using used made based given obtained method known called became began
`
  .trim()
  .split(/\s+/u);

const ranks: ReadonlyMap<string, number> = new Map(frequentWords.map((word, rank) => [word, rank]));

const rarityOfStopWord = 0.05;
const rarityOfMostFrequent = 0.3;

/**
 * How much a word says by being rare, from 0 to 1, judged without any corpus: 0.05 for an English stop word, 0.3 to 1 along a
 * list of frequent English words, 1 for every other word.
 * @example wordRarity('the') < wordRarity('people') && wordRarity('people') < wordRarity('slipstream') // => true
 */
export const wordRarity = (word: string): number => {
  if (stopWords.has(word)) return rarityOfStopWord;
  const rank = ranks.get(word);
  if (rank === undefined) return 1;
  return rarityOfMostFrequent + (1 - rarityOfMostFrequent) * Math.sqrt(rank / frequentWords.length);
};

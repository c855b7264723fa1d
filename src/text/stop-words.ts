const list = `
a about above after again against all also am an and any are as at be because been before being below between both but by
can cannot could did do does doing down during each either else ever every few for from further had has have having he her
here hers herself him himself his how however i if in into is it its itself just let may me might more most must my myself
neither no nor not now of off on once one only or other our ours ourselves out over own per quite rather s same shall she
should since so some such t than that the their theirs them themselves then there therefore these they this those though
through thus to too under until up upon us very was we were what when where whether which while who whom whose why will with
within without would yet you your yours yourself yourselves
`;

/**
 * English words that carry grammar rather than a topic, in lower case, with the pieces that `words` leaves of `it's` and `don't`.
 * @example stopWords.has('the') // => true
 */
export const stopWords: ReadonlySet<string> = new Set(list.trim().split(/\s+/u));

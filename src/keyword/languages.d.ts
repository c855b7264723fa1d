// Neither package has types of its own; this is what is used of them.
declare module 'snowball-stemmers' {
  export const newStemmer: (language: string) => { readonly stem: (word: string) => string };
}
declare module 'stopword' {
  const lists: { readonly [code: string]: readonly string[] };
  export = lists;
}

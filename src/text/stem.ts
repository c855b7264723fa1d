import { stemmer } from 'stemmer';

const isEnglishLetters = /^[a-z]{3,}$/u;

/**
 * The stem of an English word in lower case (Porter, An algorithm for suffix stripping, 1980). Words with other characters, and
 * those shorter than three letters, come back as they are.
 * @example stem('retrieving') // => 'retriev'
 */
export const stem = (word: string): string => (isEnglishLetters.test(word) ? stemmer(word) : word);

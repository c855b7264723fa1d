import { estimateTokens } from '../../model/index.js';

/** No ordinary text has more; it bounds what is looked at. */
const maxCharactersPerToken = 8;

/** Room for the error of the estimate. */
const safetyRatio = 0.9;

/** The beginning of a text that fits into the model's window, as near as an estimate can tell; never half a character. */
export const cutText = (text: string, maxTokens: number): string => {
  const budget = maxTokens * safetyRatio;
  // Far below the limit, where nearly all texts are, the estimate is not needed.
  if (text.length <= budget / 3) return text;
  const head = text.slice(0, maxTokens * maxCharactersPerToken);
  if (head.length === text.length && estimateTokens(text) <= budget) return text;
  let fits = 0;
  let tooLong = head.length;
  while (tooLong - fits > 1) {
    const middle = (fits + tooLong) >> 1;
    if (estimateTokens(text.slice(0, middle)) <= budget) fits = middle;
    else tooLong = middle;
  }
  const last = text.charCodeAt(fits - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? fits - 1 : fits);
};

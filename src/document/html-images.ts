import type { DocumentImage, FindImages } from './images.js';
import { decodeText } from './decode.js';
import { parseHtml } from './html-loader.js';

const dataUrl = /^data:(image\/[\w.+-]+)((?:;[\w=-]+)*),(.*)$/isu;

/** The bytes of a `data:` address; undefined for one that is broken. */
const bytesOf = (parameters: string, body: string): Uint8Array | undefined => {
  if (/;base64\b/iu.test(parameters)) return Buffer.from(body, 'base64');
  try {
    return Buffer.from(decodeURIComponent(body), 'latin1');
  } catch {
    return undefined; // a stray percent sign
  }
};

const captionOf = (node: Element): string | undefined => {
  const caption = node.closest('figure')?.querySelector('figcaption')?.textContent;
  const text = [node.getAttribute('alt'), caption]
    .map((part) => part?.replace(/\s+/gu, ' ').trim() ?? '')
    .filter((part) => part !== '');
  return text.length === 0 ? undefined : [...new Set(text)].join('. ');
};

const sizeOf = (node: Element, side: 'width' | 'height'): number | undefined => {
  const value = Number(node.getAttribute(side) ?? Number.NaN);
  return Number.isInteger(value) && value > 0 ? value : undefined;
};

/** The pictures that stand in an HTML page itself. Those it only names are left where they are. */
export const htmlImages: FindImages = async ({ source, bytes, charset }, { minPixels }) => {
  const { text } = decodeText(bytes, source, charset);
  const document = await parseHtml(text, source);
  const images: DocumentImage[] = [];
  const notices: string[] = [];
  let elsewhere = 0;
  for (const node of [...document.querySelectorAll('img')]) {
    const found = dataUrl.exec((node.getAttribute('src') ?? '').trim());
    const [width, height] = [sizeOf(node, 'width'), sizeOf(node, 'height')];
    if (found === null) elsewhere++;
    if (found === null || (width ?? minPixels) < minPixels || (height ?? minPixels) < minPixels) continue;
    const [, mediaType = '', parameters = '', body = ''] = found;
    const data = bytesOf(parameters, body.replace(/\s+/gu, ''));
    const alt = captionOf(node);
    if (data === undefined || data.byteLength === 0) notices.push(`${source}: a picture in the page is damaged.`);
    else {
      images.push({
        id: `${source}#image=${images.length + 1}`,
        source,
        data,
        mediaType: mediaType.toLowerCase(),
        ...(width === undefined ? {} : { width }),
        ...(height === undefined ? {} : { height }),
        ...(alt === undefined ? {} : { alt }),
      });
    }
  }
  if (elsewhere > 0) notices.push(`${source}: pictures in files of their own were not read: ${elsewhere}.`);
  return { images, notices };
};

import { loadOptional, messageOf, raceAbort, type Run, sliceTimer, yieldToEventLoop } from '../core/index.js';
import type { DocumentImage, FindImages, ImageLimits } from './images.js';
import { type Pdf, type PdfPage, withPdf } from './pdf-file.js';
import { encodePng, type RawImage } from './png.js';

/** A decoded picture, as pdf.js holds it. */
interface PdfImage {
  readonly width: number;
  readonly height: number;
  readonly data?: Uint8Array | Uint8ClampedArray;
}

/** pdf.js uses this method of ES2024, which Node has from 21 on. */
const ensureTransfer = (): void => {
  const prototype = ArrayBuffer.prototype as ArrayBuffer & { transferToFixedLength?: () => ArrayBuffer };
  prototype.transferToFixedLength ??= function transferToFixedLength(this: ArrayBuffer) {
    return structuredClone(this, { transfer: [this] });
  };
};

/** The pixels in 8 bits a channel; one bit a pixel is spread. Undefined for what is in none of the forms of pdf.js. */
const rawOf = async ({ width, height, data }: PdfImage): Promise<RawImage | undefined> => {
  if (data === undefined) return undefined;
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const channels = bytes.byteLength / (width * height);
  if (channels === 1 || channels === 3 || channels === 4) return { width, height, channels, data: bytes };
  const rowBytes = (width + 7) >> 3;
  if (bytes.byteLength !== rowBytes * height) return undefined;
  const grey = new Uint8Array(width * height);
  const isTurnDue = sliceTimer();
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const byte = bytes[y * rowBytes + (x >> 3)] as number;
      grey[y * width + x] = (byte >> (7 - (x & 7))) & 1 ? 255 : 0;
    }
    if (isTurnDue()) await yieldToEventLoop();
  }
  return { width, height, channels: 1, data: grey };
};

const decoded = (page: PdfPage, key: string, run: Run): Promise<PdfImage | null> => {
  const objects = key.startsWith('g_') ? page.commonObjs : page.objs;
  return raceAbort(new Promise((resolve) => objects.get(key, resolve)), run);
};

/** The names of the pictures that a page paints, each once. */
const keysOf = async (page: PdfPage, run: Run): Promise<readonly string[]> => {
  const { getResolvedPDFJS } = await loadOptional('unpdf', 'reading PDF files', () => import('unpdf'));
  const { OPS } = await getResolvedPDFJS();
  const { fnArray, argsArray } = await raceAbort(page.getOperatorList(), run);
  const keys = fnArray.flatMap((operation, index) => {
    const [key] = (argsArray[index] ?? []) as readonly unknown[];
    return operation === OPS.paintImageXObject && typeof key === 'string' ? [key] : [];
  });
  return [...new Set(keys)];
};

interface Found {
  readonly images: DocumentImage[];
  readonly notices: string[];
}

const readPage = async (pdf: Pdf, number: number, source: string, limits: ImageLimits, run: Run): Promise<Found> => {
  const page = await raceAbort(pdf.getPage(number), run);
  const found: Found = { images: [], notices: [] };
  for (const key of await keysOf(page, run)) {
    const image = await decoded(page, key, run);
    if (image === null || Math.min(image.width, image.height) < limits.minPixels) continue;
    const raw = image.width * image.height > limits.maxPixels ? undefined : await rawOf(image);
    if (raw === undefined) {
      const size = `${image.width} × ${image.height}`;
      found.notices.push(
        `${source}: a picture of ${size} on page ${number} is too large or of a form that is not read.`,
      );
      continue;
    }
    const { width, height } = raw;
    const id = `${source}#page=${number}&image=${found.images.length + 1}`;
    found.images.push({ id, source, page: number, width, height, mediaType: 'image/png', data: await encodePng(raw) });
  }
  page.cleanup();
  return found;
};

/** The pictures on the pages of a PDF, as PNG. A damaged page gives a notice. */
export const pdfImages: FindImages = (file, limits, run) => {
  ensureTransfer();
  return withPdf(file, { hasImages: true }, run, async (pdf) => {
    const all: Found = { images: [], notices: [] };
    for (let number = 1; number <= pdf.numPages && all.images.length <= limits.maxImages; number++) {
      try {
        const { images, notices } = await readPage(pdf, number, file.source, limits, run);
        all.images.push(...images);
        all.notices.push(...notices);
      } catch (error) {
        run.throwIfAborted();
        all.notices.push(`${file.source}: the pictures of page ${number} cannot be read (${messageOf(error)}).`);
      }
      run.emit({ type: 'progress', label: `${file.source}: pictures`, done: number, total: pdf.numPages });
    }
    return all;
  });
};

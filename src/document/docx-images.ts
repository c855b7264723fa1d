import type { DocumentImage, FindImages } from './images.js';
import { docxToHtml } from './docx-loader.js';

/** Types that vision models and OCR engines read; drawings in EMF or WMF are none. */
const readable = /^image\/(?:png|jpeg|gif|webp|bmp)$/u;

/** The pictures of a DOCX, in order. */
export const docxImages: FindImages = async (file, _limits, run) => {
  const images: DocumentImage[] = [];
  const notices: string[] = [];
  await docxToHtml(file, async ({ contentType, altText, readAsBuffer }) => {
    run.throwIfAborted();
    if (!readable.test(contentType)) {
      notices.push(`${file.source}: a picture of type ${contentType} cannot be read.`);
      return;
    }
    const alt = altText?.trim() ?? '';
    images.push({
      id: `${file.source}#image=${images.length + 1}`,
      source: file.source,
      data: await readAsBuffer(),
      mediaType: contentType,
      ...(alt === '' ? {} : { alt }),
    });
  });
  run.throwIfAborted();
  return { images, notices };
};

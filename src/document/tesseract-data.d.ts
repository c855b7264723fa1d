declare module '@tesseract.js-data/eng' {
  const language: { readonly code: string; readonly langPath: string; readonly gzip: boolean };
  export default language;
}

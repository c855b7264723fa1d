/** What begins a declaration, where it stands first in its line. */
const declarations = {
  script:
    /^(?:export |default |declare |abstract |async |public |private |protected |static |readonly |override )*(?:function\b|class\b|interface\b|enum\b|namespace\b|type \w|(?:const|let|var) \w+[^=]*=\s*(?:async\s*)?(?:function\b|\(|\w+\s*=>)|(?!(?:if|for|while|switch|catch|with|return)\b)(?:get |set |async |\*)?[\w$#]+\s*\([^;]*\)[^;]*\{$)/,
  python: /^(?:async )?(?:def|class)\b/,
  go: /^(?:func|type|var|const)\b/,
  rust: /^(?:pub(?:\([^)]*\))? )?(?:async |unsafe |const |extern (?:"[^"]*" )?)*(?:fn|struct|enum|trait|impl|mod|macro_rules!|type|union)\b/,
  ruby: /^(?:def|class|module)\b/,
  braces:
    /^(?:(?:public|private|protected|internal|static|final|abstract|sealed|virtual|override|open|data|inline|extern|export|async|partial|unsafe|suspend|template\s*<[^>]*>) ?)*(?:class|interface|enum|struct|record|trait|object|namespace|protocol|extension|union|typedef|fun|func|function|def|fn)\b|^(?!(?:if|for|foreach|while|switch|catch|using|lock|return|else)\b)[\w:<>,*&[\]~ ]+\([^;]*\)[^;]*\{$/,
  shell: /^(?:function \w|[\w-]+\s*\(\)\s*\{?$)/,
  sql: /^(?:create|alter|drop|insert|update|delete|select|with|grant|merge)\b/i,
  none: /^(?!)/,
} as const;

type Family = keyof typeof declarations;

const families: Readonly<Record<string, Family>> = {
  typescript: 'script',
  javascript: 'script',
  python: 'python',
  go: 'go',
  rust: 'rust',
  ruby: 'ruby',
  java: 'braces',
  kotlin: 'braces',
  scala: 'braces',
  csharp: 'braces',
  c: 'braces',
  cpp: 'braces',
  swift: 'braces',
  php: 'braces',
  dart: 'braces',
  shell: 'shell',
  sql: 'sql',
};

/** The language of a source file by its extension in lower case. */
export const languagesByExtension: Readonly<Record<string, string>> = {
  '.ts': 'typescript',
  '.tsx': 'typescript',
  '.mts': 'typescript',
  '.cts': 'typescript',
  '.js': 'javascript',
  '.jsx': 'javascript',
  '.mjs': 'javascript',
  '.cjs': 'javascript',
  '.py': 'python',
  '.pyi': 'python',
  '.go': 'go',
  '.rs': 'rust',
  '.rb': 'ruby',
  '.java': 'java',
  '.kt': 'kotlin',
  '.kts': 'kotlin',
  '.scala': 'scala',
  '.cs': 'csharp',
  '.c': 'c',
  '.h': 'c',
  '.cc': 'cpp',
  '.cpp': 'cpp',
  '.cxx': 'cpp',
  '.hpp': 'cpp',
  '.swift': 'swift',
  '.php': 'php',
  '.dart': 'dart',
  '.sh': 'shell',
  '.bash': 'shell',
  '.sql': 'sql',
  '.css': 'css',
  '.scss': 'css',
  '.lua': 'lua',
  '.r': 'r',
};

/** The languages whose declarations the code splitter knows; others are cut by blank lines and indentation. */
export const codeLanguages: readonly string[] = Object.keys(families);

/** Lines longer than this are data or minified code: no declaration is looked for in them. */
const maxDeclarationChars = 400;

/** Whether a line without its indentation begins a declaration. */
export const isDeclaration = (content: string, language: string | undefined): boolean => {
  if (content.length > maxDeclarationChars) return false;
  const family = language !== undefined && Object.hasOwn(families, language) ? families[language] : undefined;
  return declarations[family ?? 'none'].test(content);
};

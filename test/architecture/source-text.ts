/**
 * What the rules need to know about one source file's text. Found by text alone: in formatted code a
 * statement starts its line and a comment line starts with its mark. Type-only imports count as
 * imports: a type in a public API ties packages together just as a value does.
 */
const imported = /^(?:import|export)\b[^;'"]*?\bfrom\s*['"]([^'"]+)['"]/gm;
const importedForEffect = /^import\s*['"]([^'"]+)['"]/gm;
const loaded = /\b(?:import|require|getBuiltinModule|meta\.resolve)\(\s*['"]([^'"]+)['"]/g;

/** Without comment lines, at the same line breaks. */
function withoutComments(text: string): string {
  return text
    .replaceAll(/^\s*\/\*[^]*?\*\//gm, (comment) => comment.replaceAll(/[^\n]/g, ''))
    .replaceAll(/^\s*\/\/.*$/gm, '');
}

export function importsOf(text: string): readonly string[] {
  const code = withoutComments(text);
  const names = [imported, importedForEffect, loaded].flatMap((pattern) =>
    Array.from(code.matchAll(pattern), (match) => match[1] ?? ''),
  );
  return [...new Set(names)];
}

/** `smtp-server/lib/stream.js` belongs to `smtp-server`, `@scope/name/part` to `@scope/name`. */
export function libraryOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** Lines that are neither blank nor comment. */
export function countCodeLines(text: string): number {
  return withoutComments(text)
    .split('\n')
    .filter((line) => line.trim() !== '').length;
}

/** Lines inside the block comment that opens the file (after `#!`), or undefined without one. */
export function openingCommentLines(text: string): number | undefined {
  const comment = /^(?:#!.*\n)?\s*\/\*\*?([^]*?)\*\//.exec(text)?.[1];
  return comment
    ?.split('\n')
    .map((line) => line.replace(/^\s*\*?/, '').trim())
    .filter((line, index, lines) => line !== '' || (index > 0 && index < lines.length - 1)).length;
}

/** Statements of an index file that are not `export { name } from 'module'`. */
export function foreignStatements(text: string): readonly string[] {
  return withoutComments(text)
    .replaceAll(/^export (?:type )?\{[^}]*\} from '[^']+';$/gm, '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

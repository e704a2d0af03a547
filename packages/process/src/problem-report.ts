/**
 * Mistakes in a file as people want to see them: place, line, a mark below the spot, and
 * what to write instead.
 *
 *     posthouse.toml:12:1 relay.outbond
 *       Unknown key `outbond`
 *       12 | outbond = "mx"
 *            ^
 *       Did you mean `outbound`?
 */

/** One mistake, as @posthouse/configuration reports it. */
export interface FileProblem {
  readonly line: number;
  readonly column: number;
  readonly key: string;
  readonly text: string;
  readonly fix: string;
}

const MAX_LINE = 160;

/** The report on all mistakes in a text. */
export function reportProblems(
  path: string,
  content: string,
  problems: readonly FileProblem[],
): string {
  const lines = content.split('\n');
  const reports = problems.map((problem) => reportOne(path, lines[problem.line - 1], problem));
  const count = problems.length === 1 ? 'one mistake' : `${problems.length} mistakes`;
  return `${reports.join('\n')}\n${path} has ${count}.\n`;
}

function reportOne(path: string, line: string | undefined, problem: FileProblem): string {
  const where = `${path}:${problem.line}:${problem.column} ${problem.key}`.trimEnd();
  const source = printable(line ?? '');
  const gutter = `  ${problem.line} | `;
  const quoted =
    source.trim() === '' || problem.column > MAX_LINE
      ? []
      : [
          `${gutter}${source.slice(0, MAX_LINE)}`,
          `${' '.repeat(gutter.length + problem.column - 1)}^`,
        ];
  return [where, `  ${printable(problem.text)}`, ...quoted, `  ${printable(problem.fix)}`, ''].join(
    '\n',
  );
}

/** One character for each, so that the mark stays in its place. */
function printable(text: string): string {
  return text
    .replace(/\t/g, ' ')
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e]/g, '?')
    .trimEnd();
}

/** An option that stands twice on a command line though once is all it takes: which one counts, nobody could tell. */
import type { ParseArgsOptionsConfig } from 'node:util';

/** What `parseArgs` tells of each word, as far as it is looked at. */
interface Token {
  readonly kind: string;
  readonly name?: string | undefined;
}

/** The first of them in words; `undefined` where there is none. */
export function repeatedOption(
  tokens: readonly Token[],
  options: ParseArgsOptionsConfig,
): string | undefined {
  const names = tokens.flatMap(({ kind, name }) =>
    kind === 'option' && name !== undefined ? [name] : [],
  );
  const twice = names.find(
    (name, place) => names.indexOf(name) < place && options[name]?.multiple !== true,
  );
  return twice === undefined ? undefined : `--${twice} is given twice: give it once`;
}

/**
 * Syntax errors in plain words: what the parser says, and what the writer of the line most
 * likely meant.
 */

/** What is wrong, and what to write. */
export interface Explanation {
  readonly text: string;
  readonly fix: string;
}

/** Habits from other formats, tried in order on the line; the first that fits is the fix. */
const HABITS: readonly (readonly [RegExp, string])[] = [
  [/^\s*[\w.-]+\s*:/, 'TOML writes key = value, with an equals sign'],
  [/=\s*"[^"]*\\/, "Put a path with backslashes in single quotes: 'C:\\mail'"],
  [/=\s*$/, 'Write a value after the equals sign, on the same line'],
  [
    /=\s*(?:yes|no|on|off|True|False|TRUE|FALSE)\s*(?:#.*)?$/,
    'Write true or false, or put text in double quotes',
  ],
  [
    /=\s*"[^"]*$|=\s*'[^']*$/,
    'Close the text with the quote that it begins with, on the same line',
  ],
  [/=\s*\d[\d_.]*\s*[A-Za-z]/, 'Put a number with a unit in double quotes: "25MB", "10m"'],
  [/=\s*[A-Za-z/.~*:]/, 'Put text in double quotes: key = "text"'],
  [/^\s*\[[^\]]*$/, 'Close the name of the section: [section]'],
  [/^\s*[\w.-]+\s*$/, 'Write key = value'],
];

const GENERAL: Readonly<Record<string, Explanation>> = {
  'Defining a key multiple times is invalid': {
    text: 'This key or section stands here for the second time',
    fix: 'Keep one of the two',
  },
  'Unterminated array': { text: 'A list is not closed', fix: 'Close it with ]' },
  'Unterminated inline table': { text: 'A table is not closed', fix: 'Close it with }' },
  'Unterminated string constant': {
    text: 'Text is not closed',
    fix: 'Close it with the quote that it begins with',
  },
  'Must be a newline': {
    text: 'Something stands behind the value',
    fix: 'Write one key = value a line; a comment begins with #',
  },
};

/** Explains the parser's message about a line. */
export function explainSyntax(message: string, line: string): Explanation {
  const general = GENERAL[message];
  const isDuplicate = message.startsWith('Defining a key');
  const habit = isDuplicate ? undefined : HABITS.find(([pattern]) => pattern.test(line))?.[1];
  return {
    text: general?.text ?? `This is not TOML: ${lowerFirst(message)}`,
    fix: habit ?? general?.fix ?? 'Write key = value, text in double quotes',
  };
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

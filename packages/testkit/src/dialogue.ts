/** A dialogue as text: what a scripted peer says, expects and does, line by line. */

/*
 *     S: 220 peer.example.test ESMTP     says this line (lines in a row leave in one write)
 *     C: MAIL FROM:<*>                   expects a line; `*` stands for anything
 *     ! content                          expects mail data up to its final dot
 *     ! octets 12                        expects that many octets: a chunk of BDAT
 *     ! alone                            nothing more may have come yet: the client waits
 *     ! mark NAME                        tells the test that it has come here
 *     ! until NAME                       waits until the test lets it go on
 *     ! tls                              from here on TLS, as its server
 *     ! garbage                          sends octets that are neither SMTP nor TLS
 *     ! drop                             resets the connection
 *     ! half-close                       says nothing more, and says so
 *     ! stop-reading                     takes nothing more off the wire
 *
 * After its last line a dialogue expects nothing but the client's end of the connection.
 */

/** One step. */
export type Step =
  | { readonly kind: 'say'; readonly lines: readonly string[] }
  | { readonly kind: 'expect'; readonly line: string }
  | { readonly kind: 'octets'; readonly count: number }
  | { readonly kind: 'mark'; readonly name: string }
  | { readonly kind: 'until'; readonly name: string }
  | { readonly kind: PlainStep };

type PlainStep = (typeof PLAIN_STEPS)[number];

const PLAIN_STEPS = [
  'content',
  'alone',
  'tls',
  'garbage',
  'drop',
  'half-close',
  'stop-reading',
] as const;

/** Reads a dialogue. @throws TypeError on a line that is none: a test's own mistake */
export function parseDialogue(text: string): readonly Step[] {
  const steps: Step[] = [];
  for (const raw of text.split('\n')) {
    const line = raw.trim();
    if (line === '') continue;
    const step = parseStep(line);
    const last = steps.at(-1);
    if (step.kind === 'say' && last?.kind === 'say') {
      steps[steps.length - 1] = { kind: 'say', lines: [...last.lines, ...step.lines] };
    } else {
      steps.push(step);
    }
  }
  return steps;
}

/** Whether a line is what a dialogue expects. */
export function matchesLine(expected: string, line: string): boolean {
  const parts = expected.split('*').map((part) => part.replace(/[$()+.?[\\\]^{|}]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's').test(line);
}

function parseStep(line: string): Step {
  if (line.startsWith('S: ')) return { kind: 'say', lines: [line.slice(3)] };
  if (line.startsWith('C: ')) return { kind: 'expect', line: line.slice(3) };
  const [, word = '', argument = ''] = /^! ([a-z-]+)(?: (\S+))?$/.exec(line) ?? [];
  if (word === 'octets' && /^\d+$/.test(argument)) return { kind: word, count: Number(argument) };
  if ((word === 'mark' || word === 'until') && argument !== '') {
    return { kind: word, name: argument };
  }
  const plain = PLAIN_STEPS.find((step) => step === word);
  if (plain === undefined || argument !== '') throw new TypeError(`no step of a dialogue: ${line}`);
  return { kind: plain };
}

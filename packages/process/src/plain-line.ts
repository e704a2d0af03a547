/**
 * A log event as a line for people: time, level, sentence, fields.
 *
 *     12:59:03 info  Message accepted  queueId=01J… recipient=bob@example.test
 *
 * What comes from outside cannot break the line or steer the terminal: control and
 * direction characters are written as escapes. Pure, but for the zone of the clock.
 */
import { styleText } from 'node:util';
import { escapeControls } from './escape.ts';

type Style = 'dim' | 'red' | 'yellow' | 'cyan';

const LEVEL_STYLES: Readonly<Record<string, Style>> = {
  debug: 'dim',
  info: 'cyan',
  warn: 'yellow',
  error: 'red',
};
/** Said already, or the same in every line. */
const HIDDEN: ReadonlySet<string> = new Set(['level', 'time', 'name', 'pid', 'msg', 'event']);

/** Makes the line of an event that pino has written as JSON; a line that is no event stays as it is. */
export function plainLine(json: string, colours: boolean): string {
  const event = parse(json);
  if (event === undefined) return `${escapeControls(json.trimEnd())}\n`;
  const paint = (style: Style, text: string): string =>
    colours ? styleText(style, text, { validateStream: false }) : text;
  const level = typeof event['level'] === 'string' ? event['level'] : '';
  const fields: string[] = [];
  const below: string[] = [];
  for (const [key, value] of Object.entries(event)) {
    if (HIDDEN.has(key)) continue;
    const stack = stackOf(value);
    if (stack === undefined)
      fields.push(`${paint('dim', `${escapeControls(key)}=`)}${shown(value)}`);
    else below.push(...stack.split('\n').map((line) => `    ${escapeControls(line)}`));
  }
  const head = [
    paint('dim', timeOf(event['time'])),
    paint(LEVEL_STYLES[level] ?? 'dim', level.padEnd(5)),
    escapeControls(textOf(event)),
  ].join(' ');
  const line = [head, ...fields].join('  ');
  return `${[line, ...below].join('\n')}\n`;
}

function parse(json: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null
      ? (value as Readonly<Record<string, unknown>>) // an object of JSON
      : undefined;
  } catch {
    return undefined;
  }
}

function textOf(event: Readonly<Record<string, unknown>>): string {
  const text = event['msg'] ?? event['event'];
  return typeof text === 'string' ? text : '';
}

function timeOf(value: unknown): string {
  const date = new Date(
    typeof value === 'string' || typeof value === 'number' ? value : Number.NaN,
  );
  if (Number.isNaN(date.getTime())) return '--:--:--';
  const two = (part: number): string => String(part).padStart(2, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

function stackOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !('stack' in value)) return undefined;
  return typeof value.stack === 'string' ? value.stack : undefined;
}

function shown(value: unknown): string {
  if (typeof value !== 'string') return escapeControls(JSON.stringify(value) ?? '');
  return /^[^\s"=]+$/.test(value) ? escapeControls(value) : escapeControls(JSON.stringify(value));
}

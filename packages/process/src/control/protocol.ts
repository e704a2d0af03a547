/**
 * What is said over the control socket, one JSON line each: an order, then any number of
 * items, then how it ended.
 *
 *     {"version":1,"verb":"queue.list","fields":{"domain":"example.net"}}
 *     {"kind":"item","item":{...}}
 *     {"kind":"done"}
 *
 * A server that does not speak the version of an order says so; a line that is too long
 * ends the connection. Pure.
 */
import { EXIT } from '../exit-code.ts';
import type { ExitName } from '../exit-code.ts';

export const CONTROL_VERSION = 1;

/** Orders are read up to this, answers up to the other. */
export const MAX_ORDER_BYTES = 65_536;
export const MAX_ANSWER_BYTES = 4_194_304;

/** What a verb is given: plain data, to be checked by the verb. */
export type ControlFields = Readonly<Record<string, unknown>>;

/** What a running program is asked to do. */
export interface ControlOrder {
  readonly version: number;
  readonly verb: string;
  readonly fields: ControlFields;
}

/** One line of the answer. */
export type ControlAnswer =
  | { readonly kind: 'item'; readonly item: unknown }
  | { readonly kind: 'done' }
  /** It was understood and did not work. */
  | { readonly kind: 'failed'; readonly text: string; readonly exit: ExitName };

/** `undefined` for what is no order. */
export function parseOrder(line: string): ControlOrder | undefined {
  const { fields, verb, version } = parseObject(line) ?? {};
  return typeof version === 'number' && typeof verb === 'string' && isFields(fields)
    ? { version, verb, fields }
    : undefined;
}

/** `undefined` for what is no answer. */
export function parseAnswer(line: string): ControlAnswer | undefined {
  const value = parseObject(line);
  switch (value?.['kind']) {
    case 'item':
      return { kind: 'item', item: value['item'] };
    case 'done':
      return { kind: 'done' };
    case 'failed': {
      const { exit, text } = value;
      const isWhole = typeof text === 'string' && isExitName(exit);
      return isWhole ? { kind: 'failed', text, exit } : undefined;
    }
    default:
      return undefined;
  }
}

function parseObject(line: string): { readonly [name: string]: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isFields(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isFields(value: unknown): value is ControlFields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isExitName(value: unknown): value is ExitName {
  return typeof value === 'string' && Object.hasOwn(EXIT, value);
}

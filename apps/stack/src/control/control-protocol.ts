/**
 * What is said over the control socket: one JSON line with an order, one with the answer.
 */

/** What a running stack can be asked to do. */
export type ControlOrder = { readonly verb: 'reload' };

export type ControlAnswer =
  | { readonly kind: 'done' }
  /** It was understood and did not work; the log of the stack says more. */
  | { readonly kind: 'failed'; readonly text: string };

/** Longer lines are not read. */
export const MAX_LINE_BYTES = 65_536;

/** `undefined` for what is no order. */
export function parseOrder(line: string): ControlOrder | undefined {
  const value = parseLine(line);
  return value !== undefined && 'verb' in value && value.verb === 'reload'
    ? { verb: 'reload' }
    : undefined;
}

/** `undefined` for what is no answer. */
export function parseAnswer(line: string): ControlAnswer | undefined {
  const value = parseLine(line);
  if (value === undefined || !('kind' in value)) return undefined;
  if (value.kind === 'done') return { kind: 'done' };
  const hasText = value.kind === 'failed' && 'text' in value && typeof value.text === 'string';
  return hasText ? { kind: 'failed', text: String(value.text) } : undefined;
}

function parseLine(line: string): object | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

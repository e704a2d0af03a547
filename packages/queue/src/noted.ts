/** Notes as the store gives them back: text that somebody may have changed. Pure. */

/** What `read` makes of a note's JSON; `undefined` where it is none. */
export function readNote<T>(text: string, read: (value: unknown) => T | undefined): T | undefined {
  try {
    return read(JSON.parse(text));
  } catch {
    return undefined;
  }
}

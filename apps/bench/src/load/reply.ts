/** SMTP replies as octets (RFC 5321 §4.2), looked at where they lie. Pure. */

const [LF, DASH] = [10, 45];
/** What three digits add to the number that they are. */
const DIGITS = 111 * 48;

/** Whether so many octets end with the last line of a reply. */
export function isWhole(octets: Uint8Array, length: number): boolean {
  if (length < 4 || octets[length - 1] !== LF) return false;
  return octets[octets.lastIndexOf(LF, length - 2) + 4] !== DASH;
}

/** The number that they begin with; no code of a reply where they do not. */
export function codeOf(octets: Uint8Array): number {
  const [hundreds = 0, tens = 0, ones = 0] = octets;
  return hundreds * 100 + tens * 10 + ones - DIGITS;
}

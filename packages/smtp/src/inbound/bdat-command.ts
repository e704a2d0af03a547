/**
 * BDAT: how many octets follow, and whether they are the last.
 *
 * RFC 3030 §2.
 */

/** What BDAT said. */
export interface BdatCommand {
  readonly octets: number;
  readonly last: boolean;
}

/** Reads what stands behind `BDAT `; `undefined` where it is not known how many octets follow. */
export function parseBdat(argument: string): BdatCommand | undefined {
  const parts = /^(\d{1,15})(?: +(LAST))? *$/i.exec(argument);
  return parts === null ? undefined : { octets: Number(parts[1]), last: parts[2] !== undefined };
}

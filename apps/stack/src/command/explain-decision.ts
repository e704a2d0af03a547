/** One decision about an address, and what made it: a setting, a file or a record of the DNS. */

export interface Decision {
  /** Of which address. */
  readonly address: string;
  readonly topic:
    | 'author'
    | 'caught'
    | 'domain'
    | 'meaning'
    | 'recipient'
    | 'route'
    | 'mail hosts'
    | 'host'
    | 'mailbox'
    | 'tls'
    | 'probe'
    | 'limits'
    | 'pace'
    | 'retries'
    | 'verdict';
  readonly text: string;
  /** The name of a setting, a file, or `DNS` with the record. */
  readonly because: string;
}

/** A size for people. */
export function sizeText(octets: number): string {
  if (!Number.isFinite(octets)) return 'no limit';
  return octets < 1e6 ? `${Math.round(octets / 1e3)} kB` : `${Math.round(octets / 1e6)} MB`;
}

/** A duration for people, in its largest whole unit. */
export function durationText(ms: number): string {
  const units = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1000],
  ] as const;
  const [name, unit] = units.find(([, size]) => ms >= size && ms % size === 0) ?? ['ms', 1];
  return `${ms / unit}${name}`;
}

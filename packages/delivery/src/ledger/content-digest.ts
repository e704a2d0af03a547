/**
 * The digest of a message's content, as it stands in the delivery key: of its first octets and
 * its size.
 *
 * It is there for an id that is used for another message, by mistake or by malice, and must match
 * nothing then. The header section tells messages apart, with its Message-ID, its date and a
 * Received field of each hop; to digest what follows as well was an eighth of the event loop's
 * time with large messages (decision 0018). Small content is digested whole.
 */
import { hash } from 'node:crypto';

/** Octets that are digested. */
const DIGESTED_BYTES = 16_384;

/** Digests of one content. */
export interface ContentDigests {
  readonly digest: string;
  /**
   * As versions before this one made it, of all octets: an earlier attempt may have been theirs.
   * For repeats alone, and where it is another.
   */
  readonly former?: string;
}

/**
 * @param opening the start of the content in its stored form; all of it where it is small
 * @param whole gives the hash of all of it; absent where there was no attempt before
 */
export function contentDigests(
  opening: Buffer,
  sizeBytes: number,
  whole: (() => string) | undefined,
): ContentDigests {
  const start = contentHash(opening.subarray(0, DIGESTED_BYTES));
  if (sizeBytes <= DIGESTED_BYTES) return { digest: start };
  const digest = `${start} ${sizeBytes}`;
  return whole === undefined ? { digest } : { digest, former: whole() };
}

/** SHA-256 in hexadecimal digits. */
export function contentHash(octets: Buffer): string {
  return hash('sha256', octets);
}

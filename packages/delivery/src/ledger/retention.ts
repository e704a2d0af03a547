/**
 * Which ledger files there are and which have served: those that are too old, and the
 * oldest ones where all together are too large. Pure.
 *
 * `<started at, ms>-<random>.ledger`. A message that waits in a queue for five days may be
 * repeated until then, so a week is kept, if there is room.
 */
import { randomBytes } from 'node:crypto';

/** A file grows no further than this ... */
export const MAX_FILE_BYTES: number = 4 * 1_048_576;
/** ... nor for longer. Less than the week by far, so that nobody still writes into what is removed. */
export const MAX_FILE_AGE_MS: number = 10 * 3_600_000;
const RETENTION_MS = 7 * 86_400_000;
/** Some 700,000 deliveries. */
const MAX_TOTAL_BYTES = 64 * 1_048_576;

const NAME = /^(\d{1,16})-[0-9a-f]{16}\.ledger$/;

/** A file that was found. */
export interface FoundFile {
  readonly name: string;
  readonly sizeBytes: number;
}

export function ledgerFileName(startedAt: number): string {
  return `${startedAt}-${randomBytes(8).toString('hex')}.ledger`;
}

/** When the file of this name was begun; `undefined` where it is no ledger file. */
export function startOf(name: string): number | undefined {
  const startedAt = NAME.exec(name)?.[1];
  return startedAt === undefined ? undefined : Number(startedAt);
}

/** The names of those that may go. */
export function overdueFiles(files: readonly FoundFile[], now: number): readonly string[] {
  let totalBytes = 0;
  return files
    .toSorted((a, b) => (startOf(b.name) ?? 0) - (startOf(a.name) ?? 0))
    .filter((file) => {
      totalBytes += file.sizeBytes;
      const ageMs = now - (startOf(file.name) ?? 0);
      return ageMs > RETENTION_MS || totalBytes > MAX_TOTAL_BYTES;
    })
    .map((file) => file.name);
}

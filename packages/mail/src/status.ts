/**
 * Enhanced mail system status codes: class, subject and detail as three numbers.
 *
 * Three numbers and not one packed integer, because 5.7.10 and 5.7.1 differ.
 * The wording of codes that we originate stands with the refusals (`error.ts`).
 *
 * RFC 3463; RFC 2034; registry of RFC 5248.
 */

/** 2 success, 4 persistent transient failure, 5 permanent failure (RFC 3463 §2). */
export type StatusClass = 2 | 4 | 5;

/** `class.subject.detail`, for example 5.1.1. Plain data. */
export interface EnhancedStatus {
  readonly class: StatusClass;
  readonly subject: number;
  readonly detail: number;
}

/** Makes a status. @throws RangeError when subject or detail is not 0..999. */
export function enhancedStatus(
  statusClass: StatusClass,
  subject: number,
  detail: number,
): EnhancedStatus {
  if (!isPart(subject) || !isPart(detail)) {
    throw new RangeError(`no enhanced status: ${statusClass}.${subject}.${detail}`);
  }
  return { class: statusClass, subject, detail };
}

/** Reads `5.1.1` standing alone; `undefined` for anything else. */
export function parseStatus(text: string): EnhancedStatus | undefined {
  const parts = /^([245])\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (parts === null) return undefined;
  return {
    class: Number(parts[1]) as StatusClass, // parsed boundary: the expression allows 2, 4 and 5 only
    subject: Number(parts[2]),
    detail: Number(parts[3]),
  };
}

/** The wire form, `5.1.1`. */
export function formatStatus(status: EnhancedStatus): string {
  return `${status.class}.${status.subject}.${status.detail}`;
}

function isPart(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= 999;
}

/** The account: what was promised, what came, and the difference. Pure. */
import type { Lives } from './lives.ts';
import type { TakenCopy } from './peer.ts';

/** Figures, and every breach in words. */
export interface Account {
  readonly rows: readonly (readonly [name: string, figure: number])[];
  readonly breaches: readonly string[];
}

/** Into mailboxes: exactly once. @param copies by recipient, then by id */
export function accountMailboxes(
  { atSteps, killedAt, sent }: Lives,
  copies: ReadonlyMap<string, ReadonlyMap<string, number>>,
): Account {
  const breaches: string[] = [];
  let [acknowledged, doubled, lost, unpromised] = [0, 0, 0, 0];
  for (const { id, queueId, recipients } of sent) {
    if (queueId !== undefined) acknowledged += recipients.length;
    for (const recipient of recipients) {
      const count = copies.get(recipient)?.get(id) ?? 0;
      if (count === 0 && queueId !== undefined) {
        lost += 1;
        breaches.push(`lost: ${id} (${queueId}) for ${recipient}`);
      }
      if (count > 1) {
        doubled += 1;
        breaches.push(`${count} copies: ${id} (${queueId ?? 'no 250'}) for ${recipient}`);
      }
      if (count === 1 && queueId === undefined) unpromised += 1;
    }
  }
  return {
    rows: [
      ['kills', killedAt.length],
      ['of them at a named step', atSteps],
      ['copies promised (250 seen)', acknowledged],
      ['lost', lost],
      ['doubled', doubled],
      ['came without a 250 seen', unpromised],
    ],
    breaches,
  };
}

/** To another host: at least once; again only where a kill fell between its final dot and our commit. */
export function accountPeer(
  { atSteps, ends, killedAt, sent }: Lives,
  taken: readonly TakenCopy[],
): Account {
  const breaches: string[] = [];
  const lives = new Map<string, number[]>();
  for (const { id, life } of taken) lives.set(id, [...(lives.get(id) ?? []), life]);
  const relayedAt = new Map(ends.filter(isRelayed).map(({ at, message }) => [message, at]));
  let [acknowledged, extra, lost, outside] = [0, 0, 0, 0];
  for (const { id, queueId } of sent) {
    const found = lives.get(id) ?? [];
    extra += Math.max(0, found.length - 1);
    if (new Set(found).size < found.length) {
      outside += 1;
      breaches.push(`twice within one life: ${id} in ${found.join(', ')}`);
    }
    if (queueId === undefined) continue;
    acknowledged += 1;
    if (found.length === 0) {
      lost += 1;
      breaches.push(`lost: ${id} (${queueId})`);
    }
    const at = relayedAt.get(queueId) ?? Infinity;
    const endedIn = killedAt.filter((killed) => killed < at).length;
    if (found.some((life) => life > endedIn)) {
      outside += 1;
      breaches.push(
        `again after its end was committed in life ${endedIn}: ${id} in ${found.join(', ')}`,
      );
    }
  }
  return {
    rows: [
      ['kills', killedAt.length],
      ['of them at a named step', atSteps],
      ['messages promised (250 seen)', acknowledged],
      ['lost', lost],
      ['extra copies', extra],
      ['extra copies without a kill for reason', outside],
    ],
    breaches,
  };
}

export function tableText(title: string, { rows }: Account): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return [title, ...rows.map(([name, figure]) => `  ${name.padEnd(width)}  ${figure}`)].join('\n');
}

function isRelayed({ kind }: { readonly kind: string }): boolean {
  return kind === 'relayed';
}

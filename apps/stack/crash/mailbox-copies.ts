/** What lies in the mailboxes of a system that nobody reads. */
import { expect } from 'vitest';
import { maildirIn } from '../test/system/workplace.ts';
import type { CrashSystem } from './crash-system.ts';
import { openMailbox } from './mailbox-client.ts';
import { createProgress } from './progress.ts';

/** Copies by recipient, then by id; every one of them whole. */
export function copiesIn(
  system: CrashSystem,
  recipients: readonly string[],
): ReadonlyMap<string, ReadonlyMap<string, number>> {
  const copies = new Map<string, ReadonlyMap<string, number>>();
  for (const recipient of recipients) {
    const maildir = maildirIn(system.mailState, recipient);
    const reader = openMailbox(maildir, { progress: createProgress(), random: () => 0 });
    reader.stop();
    expect(reader.damaged).toEqual([]);
    copies.set(recipient, reader.copies);
  }
  return copies;
}

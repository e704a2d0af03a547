/** A private root for a test: a directory of its own, which goes with the test. */
import { createPrivateRoot } from '@posthouse/testkit/private-root';
import type { PrivateRootSetting } from '@posthouse/testkit/private-root';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AtEnd } from '../system/mail-system.ts';

/** Makes one. @returns its path from outside */
export async function createRootForTest(
  setting: Omit<PrivateRootSetting, 'path'>,
  atEnd: AtEnd,
): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), `posthouse-${setting.packageName}-`));
  atEnd(() => rm(path, { recursive: true, force: true }));
  await createPrivateRoot({ ...setting, path });
  return path;
}

/** Ends what runs in one: the kernel ends the rest. */
export function endRoot(pid: number): void {
  process.kill(pid, 'SIGKILL');
}

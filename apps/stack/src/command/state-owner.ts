/**
 * As whom a command changes what belongs to the agents: as the user it belongs to.
 *
 * A file that root left there, who is the one to add accounts on many a host, would be root's,
 * and agents that run as a user of their own could not read it, nor start again.
 */
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Root becomes owner and group of the path, or of the nearest directory above that is there, and
 * stays that until the process ends; for everybody else nothing changes.
 */
export async function actAsOwner(path: string): Promise<void> {
  const { getegid, geteuid, setgid, setgroups, setuid } = process;
  if (geteuid?.() !== 0) return;
  const { gid, uid } = await ownerOf(path);
  if (uid === 0 && gid === getegid?.()) return;
  setgroups?.([gid]); // before the rights to do so are gone
  setgid?.(gid);
  setuid?.(uid);
}

async function ownerOf(path: string): Promise<{ readonly uid: number; readonly gid: number }> {
  try {
    return await stat(path);
  } catch (error) {
    const above = dirname(path);
    if (above === path) throw error;
    return ownerOf(above);
  }
}

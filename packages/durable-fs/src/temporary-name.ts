/**
 * The names of files that are not finished: `.tmp.<owner>.<unique>`.
 *
 * The owner says who may take one away at once; everyone else goes by its age. The
 * dot keeps such a file out of sight of everything that reads a Maildir.
 */
import { randomUUID } from 'node:crypto';

const OWNER = /^[A-Za-z0-9_-]{1,64}$/;
const TEMPORARY = /^\.tmp\.([A-Za-z0-9_-]{1,64})\.[0-9a-f-]{36}$/;

/** A name that no other file has. @throws RangeError unless the owner is 1-64 of A-Z a-z 0-9 _ - */
export function temporaryName(owner: string): string {
  if (!OWNER.test(owner)) throw new RangeError(`not a usable owner of files: "${owner}"`);
  return `.tmp.${owner}.${randomUUID()}`;
}

/** Who made the unfinished file of this name; `undefined` where the name is of another kind. */
export function temporaryOwner(name: string): string | undefined {
  return TEMPORARY.exec(name)?.[1];
}

/**
 * Who calls: the user of this process, as the system knows him. The environment may lie
 * about a name, so only the full name is believed of it.
 */
import { readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';

/** A local user. */
export interface Caller {
  /** Absent on systems without user numbers. */
  readonly uid: number | undefined;
  readonly user: string;
  /** Empty where nobody said. */
  readonly fullName: string;
}

const PASSWD = '/etc/passwd';

/** Never throws: a user that the system has no name for is called by his number. */
export async function findCaller(
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Caller> {
  const uid = process.getuid?.();
  const user = nameOf(uid);
  const fullName = environment['NAME'] ?? (await gecosOf(user));
  return { uid, user, fullName };
}

function nameOf(uid: number | undefined): string {
  try {
    return userInfo().username;
  } catch {
    return uid === undefined ? 'nobody' : `uid${uid}`; // not in the user database: many containers
  }
}

/** The name in the fifth field, up to its comma; `&` is the user's name with a capital. */
async function gecosOf(user: string): Promise<string> {
  const text = await readFile(PASSWD, 'utf8').catch(() => '');
  const line = text.split('\n').find((one) => one.startsWith(`${user}:`));
  const name = line?.split(':')[4]?.split(',')[0] ?? '';
  return name.replaceAll('&', user.charAt(0).toUpperCase() + user.slice(1));
}

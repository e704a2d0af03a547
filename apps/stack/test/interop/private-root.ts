/**
 * A Debian package that cannot be installed here, because only one mail server can be: unpacked, and
 * run in a root directory of its own, with users, files and process ids of its own.
 *
 * Programs and libraries are those of this machine. All that runs in there ends with it, and the
 * mounts with that. Needs root.
 */
import { chmod, chown, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { AtEnd } from '../system/mail-system.ts';
import type { Command } from './program.ts';

/** Where scripts/ci/interop.mjs unpacks them. */
const PACKAGES = join(import.meta.dirname, '../../../../.tools/debian');

/** A user that the package's installation would have made. */
export interface OwnUser {
  readonly name: string;
  readonly id: number;
}

/** What a package needs to run. */
export interface PackageSetting {
  readonly packageName: string;
  /** Owner of the first one are the directories. */
  readonly users: readonly OwnUser[];
  readonly directories: readonly string[];
  /** Path in the root → text; readable by root alone. */
  readonly files: Readonly<Record<string, string>>;
}

/** A root that is ready. */
export interface PrivateRoot {
  /** Its path from outside. */
  readonly path: string;
  /** What runs a program inside. */
  command(script: string): Command;
}

/** A program of a package that is unpacked, as a suite's need. */
export function unpacked(packageName: string, program: string): string {
  return join(PACKAGES, packageName, program);
}

/** Ends what `command` started: the kernel ends the rest. */
export function endRoot(pid: number): void {
  process.kill(pid, 'SIGKILL');
}

/**
 * Mounts what is the machine's, then runs the program. Arguments: the root, the script. The shell
 * stays: a server that changes its user would no longer end with whoever started it.
 */
const ENTER = `set -e
for each in bin lib lib32 lib64 libx32 share; do
  [ -d "/usr/$each" ] || continue
  mkdir -p "$0/usr/$each"
  mount --bind "/usr/$each" "$0/usr/$each"
  if [ -L "/$each" ]; then ln -sfn "usr/$each" "$0/$each"; fi
done
mount --rbind /dev "$0/dev"
mount -t proc proc "$0/proc"
chroot "$0" /bin/sh -c "$1"
exit $?`;

/** Makes one; it goes with the test. */
export async function createPrivateRoot(
  { directories, files, packageName, users }: PackageSetting,
  atEnd: AtEnd,
): Promise<PrivateRoot> {
  const path = await mkdtemp(join(tmpdir(), `posthouse-${packageName}-`));
  atEnd(() => rm(path, { recursive: true, force: true }));
  await chmod(path, 0o755);
  for (const part of ['usr/sbin', 'usr/libexec']) {
    const source = unpacked(packageName, part);
    await cp(source, join(path, part), { recursive: true }).catch(ignoreMissing);
  }
  for (const each of ['dev', 'proc', 'run', 'tmp', 'var/run']) {
    await mkdir(join(path, each), { recursive: true });
  }
  await chmod(join(path, 'tmp'), 0o1777);
  const extended = async (file: string, line: (user: OwnUser) => string): Promise<string> =>
    [await readFile(file, 'utf8'), ...users.map((user) => `${line(user)}\n`)].join('');
  const machine = {
    '/etc/passwd': await extended(
      '/etc/passwd',
      ({ id, name }) => `${name}:x:${id}:${id}::/nonexistent:/bin/false`,
    ),
    '/etc/group': await extended('/etc/group', ({ id, name }) => `${name}:x:${id}:`),
    '/etc/hosts': '127.0.0.1 localhost\n',
    '/etc/nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files\n',
    '/etc/resolv.conf': '',
    '/etc/services': 'smtp 25/tcp\n',
  };
  for (const [name, text] of Object.entries({ ...machine, ...files })) {
    const file = join(path, name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text, { mode: name in machine ? 0o644 : 0o600 });
  }
  for (const name of directories) {
    await mkdir(join(path, name), { recursive: true });
    await chown(join(path, name), users[0]?.id ?? 0, users[0]?.id ?? 0);
  }
  const separate = ['--mount', '--pid', '--fork', '--kill-child', 'sh', '-c', ENTER];
  return {
    path,
    command: (script) => ({ program: 'unshare', args: [...separate, path, script] }),
  };
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Error) || !('code' in error) || error.code !== 'ENOENT') throw error;
}

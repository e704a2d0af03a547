/**
 * A Debian package that cannot be installed here, because only one mail server can be: unpacked, and
 * run in a root directory of its own, with users, files and process ids of its own.
 *
 * Programs, libraries and the disk are those of this machine. All that runs in there ends with it,
 * and the mounts with that. Needs root, and Linux.
 */
import { chmod, chown, copyFile, cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

/** Where packages are unpacked. From src and from dist it is as far. */
const PACKAGES = resolve(import.meta.dirname, '../../../.tools/debian');

/** What a package needs to run. */
export interface PrivateRootSetting {
  /** The root's path from outside. */
  readonly path: string;
  readonly packageName: string;
  /** Those that its installation would have made; the first one owns the directories. */
  readonly users: readonly string[];
  readonly directories: readonly string[];
  /** Path in the root → text; readable by root alone. */
  readonly files?: Readonly<Record<string, string>>;
  /** The same; readable by everybody. */
  readonly publicFiles?: Readonly<Record<string, string>>;
  /** A library that each process in there loads first. @default none */
  readonly preload?: string | undefined;
}

/** A command line. */
export interface RootCommand {
  readonly program: string;
  readonly args: readonly string[];
}

/** A file of a package that is unpacked, or would be there. */
export function unpackedFile(packageName: string, path: string): string {
  return join(PACKAGES, packageName, path);
}

/**
 * Mounts what is the machine's, then runs the script. Arguments: the root, the script. The shell
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
const FIRST_ID = 64_901;

/** What runs a script in the root. End it with SIGKILL, and the kernel ends the rest. */
export function inRoot(path: string, script: string): RootCommand {
  const separate = ['--mount', '--pid', '--fork', '--kill-child'];
  return { program: 'unshare', args: [...separate, 'sh', '-c', ENTER, path, script] };
}

/** Makes it, or writes its files anew. @throws where the package is not unpacked */
export async function createPrivateRoot(setting: PrivateRootSetting): Promise<void> {
  const { directories, files = {}, packageName, path, preload, publicFiles, users } = setting;
  for (const part of ['usr/sbin', 'usr/libexec']) {
    const source = unpackedFile(packageName, part);
    await cp(source, join(path, part), { recursive: true }).catch(ignoreMissing);
  }
  for (const each of ['dev', 'proc', 'run', 'tmp', 'var/run', ...directories]) {
    await mkdir(join(path, each), { recursive: true });
  }
  await chmod(path, 0o755);
  await chmod(join(path, 'tmp'), 0o1777);
  for (const each of directories) await chown(join(path, each), FIRST_ID, FIRST_ID);
  // A library reaches all processes so, whatever they do to their environment.
  const preloading = preload === undefined ? {} : { '/etc/ld.so.preload': `${preload}\n` };
  const machine = await machineFiles(users);
  await writeFiles(path, { ...machine, ...preloading, ...publicFiles }, 0o644);
  await writeFiles(path, files, 0o600);
  if (preload === undefined) return;
  await mkdir(join(path, dirname(preload)), { recursive: true });
  await copyFile(preload, join(path, preload));
}

async function writeFiles(
  root: string,
  files: Readonly<Record<string, string>>,
  mode: number,
): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    const file = join(root, name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text, { mode });
  }
}

async function machineFiles(users: readonly string[]): Promise<Readonly<Record<string, string>>> {
  const extended = async (
    file: string,
    line: (name: string, id: number) => string,
  ): Promise<string> =>
    [
      await readFile(file, 'utf8'),
      ...users.map((name, index) => `${line(name, FIRST_ID + index)}\n`),
    ].join('');
  return {
    '/etc/passwd': await extended(
      '/etc/passwd',
      (name, id) => `${name}:x:${id}:${id}::/nonexistent:/bin/false`,
    ),
    '/etc/group': await extended('/etc/group', (name, id) => `${name}:x:${id}:`),
    '/etc/hosts': '127.0.0.1 localhost\n',
    '/etc/nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files\n',
    // OpenSMTPD asks a nameserver first, and waits for it, unless told to look into files alone.
    '/etc/resolv.conf': 'lookup file\n',
    '/etc/services': 'smtp 25/tcp\n',
  };
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Error) || !('code' in error) || error.code !== 'ENOENT') throw error;
}

/**
 * A Debian mail server that cannot be installed beside Postfix: unpacked, and run in a root
 * directory of its own, with users, files and process ids of its own. Libraries and the shell
 * are those of this machine, and the disk is the same. What runs in there ends with it.
 *
 * Slow syncs reach all processes by /etc/ld.so.preload, whatever they do to their environment.
 */
import { existsSync } from 'node:fs';
import { chmod, chown, cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Environment } from '../meter/slow-sync.ts';

/** Where `npm run bench:peers` puts what it fetches. From src and from dist it is as far. */
export const PEERS: string = resolve(import.meta.dirname, '../../../../.tools');

/** What a package needs to run. */
export interface PrivateRoot {
  /** Made; its path from outside. */
  readonly path: string;
  readonly packageName: string;
  /** Those that its installation would have made; the first owns the directories. */
  readonly users: readonly string[];
  readonly directories: readonly string[];
  /** Path in the root → text. */
  readonly files: Readonly<Record<string, string>>;
  readonly environment?: Environment | undefined;
}

/** Why a package cannot be run so; undefined where it can. */
export function privateRootObstacle(packageName: string, program: string): string | undefined {
  if (!existsSync(join(PEERS, 'debian', packageName, program))) {
    return `${packageName} is not unpacked here: npm run bench:peers`;
  }
  return process.getuid?.() === 0 ? undefined : `${packageName} can only be started by root`;
}

/** Mounts what is the machine's and runs the script inside. Arguments: the root, the script. */
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
const FIRST_ID = 64_801;

/** The command that runs a script in the root; end it with SIGKILL, and the kernel ends the rest. */
export function inRoot(path: string, script: string): readonly string[] {
  const separate = ['--mount', '--pid', '--fork', '--kill-child'];
  return ['unshare', ...separate, 'sh', '-c', ENTER, path, script];
}

/** Makes it, or writes its files anew. */
export async function createPrivateRoot(root: PrivateRoot): Promise<void> {
  const { directories, environment = {}, files, packageName, path, users } = root;
  const unpacked = join(PEERS, 'debian', packageName);
  for (const part of ['usr/sbin', 'usr/libexec']) {
    const source = join(unpacked, part);
    if (existsSync(source)) await cp(source, join(path, part), { recursive: true });
  }
  for (const each of ['dev', 'proc', 'run', 'tmp', 'var/run', ...directories]) {
    await mkdir(join(path, each), { recursive: true });
  }
  await chmod(path, 0o755);
  await chmod(join(path, 'tmp'), 0o1777);
  for (const each of directories) await chown(join(path, each), FIRST_ID, FIRST_ID);
  const library = environment['LD_PRELOAD'];
  const preload = library === undefined ? {} : { '/etc/ld.so.preload': `${library}\n` };
  const texts = { ...(await machineFiles(users)), ...preload, ...files };
  for (const [name, text] of Object.entries(texts)) {
    const file = join(path, name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
  if (library !== undefined) {
    await mkdir(join(path, dirname(library)), { recursive: true });
    await cp(library, join(path, library));
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
    '/etc/mailname': 'bench.test\n',
  };
}

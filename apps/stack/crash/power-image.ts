/**
 * A disk that can lose power: an ext4 file system in an image, mounted by loop, for root on
 * Linux. `cut` shuts it down without flushing its log, so that nothing unsynced survives.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface PowerImage {
  /** Where it is mounted. */
  readonly directory: string;
  /** Writes out all there is. */
  sync(): void;
  /** From now on nothing reaches the disk. */
  cut(): void;
  /** What a machine does when its power is back: journal replayed, mounted again. Nobody may use it. */
  restore(): void;
  remove(): void;
}

/** EXT4_IOC_SHUTDOWN with EXT4_GOING_FLAGS_NOLOGFLUSH; Node has no ioctl. */
const SHUTDOWN =
  "import fcntl,os,struct,sys;fcntl.ioctl(os.open(sys.argv[1],os.O_RDONLY),0x8004587D,struct.pack('I',2))";

/** @throws Error where we are not root, or a program is missing */
export function createPowerImage({ megabytes }: { readonly megabytes: number }): PowerImage {
  const home = mkdtempSync(join(tmpdir(), 'posthouse-power-'));
  const [image, directory] = [join(home, 'image'), join(home, 'disk')];
  mkdirSync(directory);
  run('truncate', '-s', `${megabytes}M`, image);
  run('mkfs.ext4', '-q', '-F', image);
  // Without the commit that ext4 makes by itself every five seconds, only what is synced is safe.
  const mount = (): void => run('mount', '-o', 'loop,commit=600', image, directory);
  mount();
  return {
    directory,
    sync: () => run('sync', '-f', directory),
    cut: () => run('python3', '-c', SHUTDOWN, directory),
    restore() {
      run('umount', directory);
      mount();
    },
    remove() {
      run('umount', '-l', directory);
      rmSync(home, { recursive: true });
    },
  };
}

/** Whether this machine lets us mount one. */
export function canMountImages(): boolean {
  try {
    createPowerImage({ megabytes: 8 }).remove();
    return true;
  } catch {
    return false;
  }
}

/** Runs what makes temporary files, so that they lie on the image. */
export async function onImage<Result>(
  image: PowerImage,
  start: () => Promise<Result>,
): Promise<Result> {
  const before = process.env['TMPDIR'];
  process.env['TMPDIR'] = image.directory;
  try {
    return await start();
  } finally {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
  }
}

function run(program: string, ...args: readonly string[]): void {
  execFileSync(program, args, { stdio: ['ignore', 'ignore', 'inherit'] });
}

/**
 * Where a running stack takes orders: a local socket in its state directory, or a named
 * pipe on Windows. Who may open the directory may give orders.
 */
import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';

/** Paths of unix sockets may not be longer (sun_path, less its end). */
const MAX_SOCKET_PATH = 100;

/** The address for the state directory, as `net` takes it. */
export function controlPlace(stateDirectory: string): string {
  const directory = resolve(stateDirectory);
  const digest = createHash('sha256').update(directory).digest('hex').slice(0, 16);
  if (process.platform === 'win32') return `\\\\.\\pipe\\posthouse-${digest}`;
  const path = join(directory, 'control.sock');
  return Buffer.byteLength(path) <= MAX_SOCKET_PATH ? path : `/tmp/posthouse-${digest}.sock`;
}

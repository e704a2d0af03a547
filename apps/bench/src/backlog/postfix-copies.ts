/**
 * Copies of the one message in a stopped Postfix's queue: files in `incoming`, as if they had
 * just been taken in. Postfix finds a message by its file alone; the file's name ends with the
 * number of its inode, and its owner and mode say that it is whole.
 */
import {
  closeSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  openSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { readFile, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { placeOfNumber, renumbered } from './copies.ts';
import type { Copies } from './copies.ts';

const WHOLE_MODE = 0o700;
const TOLD_EVERY = 500;

/** Puts them in place of the original. @throws Error where there is none */
export async function multiplyInSpool(spool: string, copies: Copies): Promise<void> {
  const file = await originalIn(join(spool, 'deferred'));
  const octets = await readFile(file);
  const { gid, uid } = await stat(file);
  const place = placeOfNumber(octets);
  const incoming = join(spool, 'incoming');
  for (let number = 1; number <= copies.messages; number += 1) {
    write(incoming, renumbered(octets, place, number), { gid, uid });
    if (number % TOLD_EVERY === 0) {
      copies.made(number);
      // Others may run meanwhile.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  await rm(file);
}

/** Files lie in directories named for the first digits of their names. */
async function originalIn(deferred: string): Promise<string> {
  const entries = await readdir(deferred, { recursive: true, withFileTypes: true });
  const file = entries.find((entry) => entry.isFile());
  if (file === undefined) throw new Error('postfix has not deferred the message to copy');
  return join(file.parentPath, file.name);
}

function write(
  incoming: string,
  octets: Buffer,
  owner: { readonly uid: number; readonly gid: number },
): void {
  const partial = join(incoming, 'partial');
  const file = openSync(partial, 'wx', 0o600);
  writeSync(file, octets);
  fchownSync(file, owner.uid, owner.gid);
  fchmodSync(file, WHOLE_MODE);
  const micros = Math.floor((performance.now() * 1000) % 1_000_000);
  const name = hex(micros).padStart(5, '0') + hex(fstatSync(file).ino);
  closeSync(file);
  renameSync(partial, join(incoming, name));
}

function hex(value: number): string {
  return value.toString(16).toUpperCase();
}

/**
 * One preparation at a time: a lock file that names its owner and is touched while it is held.
 * Somebody else's lock is waited for. A lock counts as abandoned when its owner is no longer alive,
 * or when it has not been touched for half a minute of our own clock (a killed container leaves a
 * process id that may belong to another process by now).
 */
import { randomUUID } from 'node:crypto';
import {
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isAlive } from './child.mjs';
import { root } from './pins.mjs';
import { say } from './report.mjs';

const lockFile = path.join(root, '.tools', 'lock');
const touchMs = 2000;
const abandonedMs = 30_000;
const waitMs = 150;

/**
 * Runs `work` while no other process of this repository does.
 *
 * @template T
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function exclusively(work) {
  mkdirSync(path.dirname(lockFile), { recursive: true });
  const mine = `${process.pid} ${randomUUID()}`;
  await acquire(mine);
  const touch = setInterval(() => {
    const now = new Date();
    if (readLock() === mine) utimesSync(lockFile, now, now);
  }, touchMs);
  try {
    return await work();
  } finally {
    clearInterval(touch);
    if (readLock() === mine) rmSync(lockFile, { force: true });
  }
}

/** @param {string} mine */
async function acquire(mine) {
  let seen = '';
  let seenAt = 0;
  let told = false;
  while (!create(mine)) {
    const owner = readLock();
    const state = `${owner} ${touchedAt()}`;
    if (state !== seen) {
      seen = state;
      seenAt = performance.now();
    }
    if (isAbandoned(owner) || performance.now() - seenAt > abandonedMs) {
      remove(owner);
    } else {
      if (!told) say('another command is preparing this folder; waiting for it');
      told = true;
      await delay(waitMs);
    }
  }
}

/**
 * @param {string} mine
 * @returns {boolean} false: somebody has it
 */
function create(mine) {
  try {
    writeFileSync(lockFile, mine, { flag: 'wx' });
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EEXIST') return false;
    throw error;
  }
}

/** @returns {string} empty when there is none, or when its owner is about to write it */
function readLock() {
  try {
    return readFileSync(lockFile, 'utf8');
  } catch {
    return '';
  }
}

/** @returns {number} */
function touchedAt() {
  return statSync(lockFile, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/**
 * @param {string} owner
 * @returns {boolean}
 */
function isAbandoned(owner) {
  const pid = Number(owner.split(' ')[0]);
  return pid > 0 && !isAlive(pid);
}

/**
 * Two waiters may find the same lock abandoned: the rename lets one of them remove it, and what was
 * renamed is looked at once more in case a third has taken the lock meanwhile.
 *
 * @param {string} owner whose lock it was
 */
function remove(owner) {
  const aside = `${lockFile}.${randomUUID()}`;
  try {
    renameSync(lockFile, aside);
  } catch {
    return;
  }
  const found = readFileSync(aside, 'utf8');
  rmSync(aside, { force: true });
  if (found !== owner) create(found);
}

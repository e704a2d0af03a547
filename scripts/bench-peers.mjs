/**
 * Brings the mail systems that `npm run bench` compares with: Debian's packages, installed or, where
 * only one of them can be, unpacked below `.tools/debian`; Haraka from npm, below `.tools/haraka`.
 * Needs Debian and root, or sudo without a password. Nothing on the machine is removed for it.
 */
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { runChild } from './bootstrap/child.mjs';
import { enter } from './bootstrap/entry.mjs';
import { root } from './bootstrap/pins.mjs';
import { say } from './bootstrap/report.mjs';
import { installPackages, unpackPackages } from './ci/debian.mjs';

const installed = [
  ['postfix', 'dovecot-lmtpd', 'strace', 'gcc', 'libc6-dev'],
  // Libraries of those that are only unpacked
  ['libdb5.3', 'libevent-2.1-7', 'libgnutls-dane0', 'libidn12', 'libnsl2', 'libpcre2-8-0'],
].flat();
const unpacked = ['exim4-daemon-light', 'opensmtpd'];
const haraka = 'Haraka@3.3.4';

await enter(async () => {
  return (await installPackages(installed)) || (await unpackPackages(unpacked)) || installHaraka();
});

/** A private package beside ours: what it depends on is no affair of the lockfile's. */
async function installHaraka() {
  const folder = path.join(root, '.tools', 'haraka');
  if (existsSync(path.join(folder, 'node_modules', 'Haraka'))) return 0;
  say(`installing ${haraka}`);
  mkdirSync(folder, { recursive: true });
  const quiet = ['--no-audit', '--no-fund', '--omit=dev', '--ignore-scripts'];
  return runChild('npm', ['install', '--prefix', folder, ...quiet, haraka], { env: process.env });
}

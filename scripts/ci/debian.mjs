/**
 * Brings the Debian packages of programs that suites run. It needs root, or sudo without a password,
 * where a package is missing. Nothing on the machine is removed for it.
 */
import { spawnSync } from 'node:child_process';
import { runChild } from '../bootstrap/child.mjs';
import { say } from '../bootstrap/report.mjs';

/** Postfix asks what it shall be on this machine: nothing. */
const answers = 'postfix postfix/main_mailer_type select No configuration\n';

/**
 * Installs those that are missing.
 * @param {readonly string[]} packages
 * @returns {Promise<number>} the first exit code that is not 0
 */
export async function installPackages(packages) {
  const missing = packages.filter((name) => !isInstalled(name));
  if (missing.length === 0) return 0;
  say(`installing ${missing.join(' ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const [command = '', ...prefix] = process.getuid?.() === 0 ? ['env'] : ['sudo', '-n', '-E'];
  const asRoot = (/** @type {readonly string[]} */ args) =>
    runChild(command, [...prefix, ...args], { env });
  spawnSync(command, [...prefix, 'debconf-set-selections'], { input: answers });
  const quiet = ['-qq', '-o', 'Dpkg::Use-Pty=0'];
  return (
    (await asRoot(['apt-get', 'update', ...quiet])) ||
    asRoot([
      'apt-get',
      'install',
      '-y',
      '--no-install-recommends',
      '--no-remove',
      ...quiet,
      ...missing,
    ])
  );
}

/**
 * @param {string} name of a Debian package
 * @returns {boolean}
 */
function isInstalled(name) {
  const query = ['--show', '--showformat=${db:Status-Status}', name];
  return spawnSync('dpkg-query', query, { encoding: 'utf8' }).stdout === 'installed';
}

/**
 * Brings the Debian packages of programs that suites run. It needs root, or sudo without a password,
 * where a package is missing. Nothing on the machine is removed for it.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runChild } from '../bootstrap/child.mjs';
import { root as repository } from '../bootstrap/pins.mjs';
import { say } from '../bootstrap/report.mjs';

/** Postfix asks what it shall be on this machine: nothing. */
const answers = 'postfix postfix/main_mailer_type select No configuration\n';

/** What makes a command root's. */
const root = process.getuid?.() === 0 ? ['env'] : ['sudo', '-n', '-E'];

/** Where packages lie that are not installed; the suites look there. */
const unpackedFolder = path.join(repository, '.tools', 'debian');

/**
 * Installs those that are missing.
 * @param {readonly string[]} packages
 * @returns {Promise<number>} the first exit code that is not 0
 */
export async function installPackages(packages) {
  const missing = packages.filter((name) => !isInstalled(name));
  if (missing.length === 0) return 0;
  say(`installing ${missing.join(' ')}`);
  const [command = '', ...prefix] = root;
  spawnSync(command, [...prefix, 'debconf-set-selections'], { input: answers });
  const careful = ['-y', '--no-install-recommends', '--no-remove'];
  return (
    (await asRoot('apt-get', 'update', ...quiet)) ||
    asRoot('apt-get', 'install', ...careful, ...quiet, ...missing)
  );
}

/**
 * Lays the files of those out that are missing, each in a directory of its name: for packages that
 * cannot be installed beside others.
 * @param {readonly string[]} packages
 * @returns {Promise<number>} the first exit code that is not 0
 */
export async function unpackPackages(packages) {
  const missing = packages.filter((name) => !existsSync(path.join(unpackedFolder, name)));
  if (missing.length === 0) return 0;
  say(`unpacking ${missing.join(' ')}`);
  const { env } = process;
  const fetched = mkdtempSync(path.join(tmpdir(), 'posthouse-debian-'));
  mkdirSync(unpackedFolder, { recursive: true });
  const updated = await asRoot('apt-get', 'update', ...quiet);
  const download = ['download', '-qq', ...asOurselves, ...missing];
  let exitCode = updated || (await runChild('apt-get', download, { env, cwd: fetched }));
  for (const name of missing) {
    const file = readdirSync(fetched).find((entry) => entry.startsWith(`${name}_`)) ?? name;
    const paths = [path.join(fetched, file), path.join(unpackedFolder, name)];
    exitCode ||= await runChild('dpkg-deb', ['--extract', ...paths], { env });
  }
  rmSync(fetched, { recursive: true });
  return exitCode;
}

const quiet = ['-qq', '-o', 'Dpkg::Use-Pty=0'];
/** Else apt run by root warns that its own user may not write into a folder of ours. */
const asOurselves = ['-o', 'APT::Sandbox::User=root'];

/** @param {readonly string[]} command */
function asRoot(...command) {
  const [program = '', ...args] = [...root, ...command];
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return runChild(program, args, { env });
}

/**
 * @param {string} name of a Debian package
 * @returns {boolean}
 */
function isInstalled(name) {
  const query = ['--show', '--showformat=${db:Status-Status}', name];
  return spawnSync('dpkg-query', query, { encoding: 'utf8' }).stdout === 'installed';
}

/**
 * The interoperability step: brings the Debian packages of the programs that the suites run, then
 * runs the suites, for which a missing program is a failure now. It needs root, or sudo without a
 * password, where a package is missing. Nothing on the machine is removed for it.
 */
import { spawnSync } from 'node:child_process';
import { runChild } from '../bootstrap/child.mjs';
import { enter } from '../bootstrap/entry.mjs';
import { prepareToolchain } from '../bootstrap/prepare.mjs';
import { say } from '../bootstrap/report.mjs';
import { runTests } from '../test-run.mjs';

/** What the programs are, and what they need to speak TLS and to log in. */
const packages = [
  // Clients: apps/stack/test/interop
  ['curl', 'git', 'git-email', 'msmtp', 'mutt', 'neomutt', 'python3', 's-nail', 'swaks'],
  ['default-jdk-headless', 'libjakarta-mail-java', 'libmail-java'],
  ['golang-go', 'libphp-phpmailer', 'php-cli'],
  ['libauthen-sasl-perl', 'libio-socket-ssl-perl', 'libmailtools-perl', 'libnet-smtp-ssl-perl'],
  // Servers: there, in packages/delivery and in packages/dns
  ['dovecot-imapd', 'ldnsutils', 'libsasl2-modules', 'postfix', 'unbound'],
  // Faults: packages/queue
  ['strace'],
].flat();

/** Postfix asks what it shall be on this machine: nothing. */
const answers = 'postfix postfix/main_mailer_type select No configuration\n';

await enter(async () => {
  const installed = await install(packages.filter((name) => !isInstalled(name)));
  const toolchain = await prepareToolchain();
  const env = { ...toolchain.env, POSTHOUSE_INTEROP: 'required' };
  return (await runTests({ ...toolchain, env }, [], 'interop')) || installed;
});

/**
 * @param {readonly string[]} missing
 * @returns {Promise<number>} the first exit code that is not 0
 */
async function install(missing) {
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

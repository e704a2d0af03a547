/**
 * The interoperability step: brings the Debian packages of the programs that the suites run, then
 * runs the suites, for which a missing program is a failure now.
 */
import { enter } from '../bootstrap/entry.mjs';
import { prepareToolchain } from '../bootstrap/prepare.mjs';
import { runTests } from '../test-run.mjs';
import { installPackages, unpackPackages } from './debian.mjs';

/** What the programs are, and what they need to speak TLS and to log in. */
const packages = [
  // Clients: apps/stack/test/interop
  ['curl', 'git', 'git-email', 'msmtp', 'mutt', 'neomutt', 'python3', 's-nail', 'swaks'],
  ['default-jdk-headless', 'libjakarta-mail-java', 'libmail-java'],
  ['bsd-mailx', 'golang-go', 'libphp-phpmailer', 'php-cli'],
  ['libauthen-sasl-perl', 'libio-socket-ssl-perl', 'libmailtools-perl', 'libnet-smtp-ssl-perl'],
  // Servers: there, in packages/delivery and in packages/dns
  ['dovecot-imapd', 'dovecot-lmtpd', 'ldnsutils', 'libsasl2-modules', 'postfix', 'unbound'],
  // Libraries of those that are only unpacked
  ['libdb5.3', 'libevent-2.1-7', 'libgnutls-dane0', 'libidn12', 'libnsl2', 'libpcre2-8-0'],
  // Faults: packages/queue
  ['strace'],
].flat();

/** Debian installs one mail server only: the suites run these where they are unpacked. */
const besidePostfix = ['exim4-daemon-light', 'opensmtpd'];

await enter(async () => {
  const brought = (await installPackages(packages)) || (await unpackPackages(besidePostfix));
  const toolchain = await prepareToolchain();
  const env = { ...toolchain.env, POSTHOUSE_INTEROP: 'required' };
  return (await runTests({ ...toolchain, env }, [], 'interop')) || brought;
});

/**
 * The commands that people and scripts send mail with, each called as its own pages say. One that
 * keeps the server's replies to itself is called with the option that a person would try next.
 */
import { WHOLE } from './client.ts';
import type { Client, Post } from './client.ts';
import type { Command } from './program.ts';

export const COMMANDS: readonly Client[] = [
  { name: 'curl', needs: ['curl'], sends: WHOLE, sendsFile: true, send: curl },
  ...(['PLAIN', 'LOGIN'] as const).map((mechanism): Client => ({
    name: `swaks, ${mechanism}`,
    needs: ['swaks'],
    sends: WHOLE,
    sendsFile: true,
    send: (post) => swaks(post, mechanism),
  })),
  { name: 'msmtp', needs: ['msmtp'], sends: WHOLE, sendsFile: true, send: msmtp },
  {
    name: 'git send-email',
    needs: ['git', '/usr/lib/git-core/git-send-email'],
    sends: WHOLE,
    sendsFile: true,
    send: gitSendEmail,
  },
  ...(['mutt', 'neomutt'] as const).map((program): Client => ({
    name: program,
    needs: [program],
    sends: ['subject', 'text'],
    sendsFile: false,
    inItsOwnWords: { 'the password is wrong': /SASL authentication failed/ },
    send: (post) => mutt(post, program),
  })),
  { name: 's-nail', needs: ['s-nail'], sends: ['subject', 'text'], sendsFile: false, send: sNail },
];

function curl(post: Post): Command {
  const url = `${post.way === 'tls' ? 'smtps' : 'smtp'}://${post.host}:${post.port}`;
  const secure = ['--ssl-reqd', '--cacert', post.caFile];
  const login = ['--user', `${post.account}:${post.password}`];
  const envelope = ['--mail-from', post.sender, '--mail-rcpt', post.recipient];
  const message = ['--crlf', '--upload-file', 'letter.eml'];
  const session = post.way === 'clear' ? [] : [...secure, ...login];
  return { program: 'curl', args: ['-v', '--url', url, ...session, ...envelope, ...message] };
}

function swaks(post: Post, mechanism: 'PLAIN' | 'LOGIN'): Command {
  const { account, caFile, host, password, port, recipient, sender, way } = post;
  const server = ['--server', host, '--port', String(port)];
  const envelope = ['--from', sender, '--to', recipient, '--data', '@letter.eml'];
  const login = ['-a', mechanism, '-au', account, '-ap', password];
  const tls = [
    way === 'tls' ? '--tls-on-connect' : '-tls',
    '--tls-verify',
    '--tls-ca-path',
    caFile,
  ];
  const session = way === 'clear' ? [] : [...tls, ...login];
  return { program: 'swaks', args: [...server, ...session, ...envelope] };
}

function msmtp(post: Post): Command {
  const { account, caFile, host, password, port, recipient, sender, way } = post;
  const startTls = `--tls-starttls=${way === 'tls' ? 'off' : 'on'}`;
  const tls = ['--tls=on', startTls, `--tls-trust-file=${caFile}`];
  const login = ['--auth=plain', `--user=${account}`, `--passwordeval=echo '${password}'`];
  const session = way === 'clear' ? [] : [...tls, ...login];
  const args = [`--host=${host}`, `--port=${port}`, ...session, '-f', sender, recipient];
  return reading('letter.eml', 'msmtp', args);
}

function gitSendEmail(post: Post): Command {
  const settings = {
    'user.name': 'Alice',
    'user.email': post.account,
    'sendemail.smtpServer': post.host,
    'sendemail.smtpServerPort': String(post.port),
    ...(post.way !== 'clear' && {
      'sendemail.smtpEncryption': post.way === 'tls' ? 'ssl' : 'tls',
      'sendemail.smtpSSLCertPath': post.caFile,
      'sendemail.smtpUser': post.account,
      'sendemail.smtpPass': post.password,
    }),
  };
  const set = Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`]);
  const envelope = [`--from=Alice <${post.sender}>`, `--to=${post.recipient}`];
  const options = ['--confirm=never', '--suppress-cc=all', '--smtp-debug=1', ...envelope];
  return { program: 'git', args: [...set, 'send-email', ...options, 'letter.eml'] };
}

function mutt(post: Post, program: 'mutt' | 'neomutt'): Command {
  const { account, caFile, host, password, port, recipient, sender, way } = post;
  const scheme = way === 'tls' ? 'smtps' : 'smtp';
  const login = way === 'clear' ? '' : `${encodeURIComponent(account)}@`;
  const tls = way === 'clear' ? 'no' : 'yes';
  const settings = [
    `set from="${sender}" use_envelope_from=yes copy=no charset=utf-8`,
    `set smtp_url="${scheme}://${login}${host}:${port}/" smtp_pass="${password}"`,
    `set ssl_starttls=${tls} ssl_force_tls=${tls} certificate_file="${caFile}"`,
    'set smtp_authenticators="plain"',
  ];
  const alone = ['-n', '-F', '/dev/null', '-e', settings.join('; ')];
  return reading('letter.txt', program, [...alone, '-s', 'Grüße aus Köln', '--', recipient]);
}

function sNail(post: Post): Command {
  const { account, caFile, host, password, port, recipient, sender, way } = post;
  const login = [account, password].map(encodeURIComponent).join(':');
  const scheme = way === 'tls' ? 'smtps' : 'smtp';
  const settings = [
    'v15-compat',
    'nosave',
    `from=${sender}`,
    `tls-ca-file=${caFile}`,
    ...(way === 'clear' ? ['smtp-auth=none'] : ['smtp-config=plain,ehlo']),
    ...(way === 'starttls' ? ['smtp-use-starttls'] : []),
    `mta=${scheme}://${way === 'clear' ? '' : `${login}@`}${host}:${port}`,
  ];
  const set = settings.map((setting) => `-S${setting}`);
  return reading('letter.txt', 's-nail', ['-:/', ...set, '-s', 'Grüße aus Köln', recipient]);
}

/** A command that reads a file of the directory, as in a shell. */
function reading(file: string, program: string, args: readonly string[]): Command {
  return { program: 'sh', args: ['-c', `exec "$0" "$@" < ${file}`, program, ...args] };
}

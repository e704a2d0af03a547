/**
 * The libraries that programs send mail with. Each has a program here, in its own language, as the
 * library's pages and the tutorials show it; host, port, account and the rest come by environment.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { WHOLE } from './client.ts';
import type { Client, Post } from './client.ts';
import { mustRun } from './program.ts';
import type { Command } from './program.ts';

const PROGRAMS = join(import.meta.dirname, 'programs');

export const LIBRARIES: readonly Client[] = [
  {
    name: 'Python smtplib',
    needs: ['python3'],
    sends: WHOLE,
    sendsFile: false,
    send: (post) => told(post, 'python3', join(PROGRAMS, 'with_smtplib.py')),
  },
  {
    name: 'nodemailer',
    needs: [],
    sends: WHOLE,
    sendsFile: false,
    send: (post) => told(post, execPath, join(PROGRAMS, 'with-nodemailer.ts')),
  },
  javaClient('Jakarta Mail', 'jakarta', ['jakarta-mail.jar', 'jakarta-activation.jar']),
  javaClient('JavaMail', 'javax', ['javax.mail.jar', 'javax.activation.jar']),
  {
    name: 'PHPMailer',
    needs: ['php', '/usr/share/php/libphp-phpmailer/autoload.php'],
    sends: WHOLE,
    sendsFile: false,
    send: (post) => told(post, 'php', join(PROGRAMS, 'with_phpmailer.php')),
  },
  {
    name: 'Go net/smtp',
    needs: ['go'],
    sends: WHOLE,
    sendsFile: true,
    prepare: (directory) =>
      mustRun(
        {
          program: 'go',
          args: ['build', '-o', 'send', join(PROGRAMS, 'send.go')],
          environment: { GO111MODULE: 'off', CGO_ENABLED: '0' },
        },
        directory,
      ),
    send: (post) => told(post, join(post.directory, 'send')),
  },
];

/** Java Mail under its new or its old package names, compiled once. */
function javaClient(name: string, packages: 'jakarta' | 'javax', jars: readonly string[]): Client {
  const libraries = jars.map((jar) => `/usr/share/java/${jar}`);
  const classPath = ['-cp', [...libraries, '.'].join(':')];
  const trust = ['trust.p12', 'changeit'] as const;
  return {
    name,
    needs: ['java', 'javac', 'keytool', ...libraries],
    sends: WHOLE,
    sendsFile: false,
    async prepare(directory, caFile) {
      const source = await readFile(join(PROGRAMS, 'Send.java'), 'utf8');
      await writeFile(join(directory, 'Send.java'), source.replaceAll('jakarta.', `${packages}.`));
      const compile = ['-encoding', 'UTF-8', ...classPath, 'Send.java'];
      await mustRun({ program: 'javac', args: compile }, directory);
      const [keystore, password] = trust;
      const store = ['-keystore', keystore, '-storepass', password, '-file', caFile];
      const args = ['-importcert', '-noprompt', '-alias', 'posthouse', ...store];
      await mustRun({ program: 'keytool', args }, directory);
    },
    send(post) {
      const [keystore, password] = trust;
      const store = `-Djavax.net.ssl.trustStore=${keystore}`;
      const secret = `-Djavax.net.ssl.trustStorePassword=${password}`;
      return told(post, 'java', store, secret, ...classPath, 'Send');
    },
  };
}

/** One of our programs, told what to send. */
function told(post: Post, program: string, ...args: readonly string[]): Command {
  return {
    program,
    args,
    environment: {
      HOST: post.host,
      PORT: String(post.port),
      WAY: post.way,
      ...(post.way !== 'clear' && { ACCOUNT: post.account, PASSWORD: post.password }),
      SENDER: post.sender,
      RECIPIENT: post.recipient,
      CA_FILE: post.caFile,
    },
  };
}

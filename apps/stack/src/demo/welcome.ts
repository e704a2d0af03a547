/**
 * What a person reads when the demo stands: where it listens, how to send a first message
 * from the shell, from Python and from Node, and how to read it. Pure.
 */
import { relative } from 'node:path';
import type { DemoFacts } from './demo-facts.ts';

/** The text, without a line end. `directory` is where the reader stands: paths are told from there. */
export function welcomeText(facts: DemoFacts, directory: string): string {
  const [author, second] = facts.accounts;
  const reader = facts.catchAll ?? second;
  const { lmtp, relay, submission } = facts;
  const at = (place: { host: string; port: number } | undefined): string =>
    place === undefined ? 'off' : `${place.host}:${place.port}`;
  const lines = [
    '',
    facts.catchAll === undefined
      ? 'Posthouse is running. Mail to the outside is off (relay.outbound).'
      : 'Posthouse is running and keeps every message in one mailbox; nothing goes out.',
    '',
    `  submission  ${at(submission)} (STARTTLS)${submission?.tlsPort === undefined ? '' : `, ${submission.host}:${submission.tlsPort} (TLS)`}`,
    `  relay       ${at(relay)}${facts.catchAll === undefined ? '' : ', without TLS and login'}`,
    `  delivery    ${at(lmtp)} (LMTP)`,
    ...facts.accounts.map(({ password, user }) => `  account     ${user}, password ${password}`),
    ...(facts.catchAll === undefined ? [] : [`  mailbox     ${facts.catchAll.user}`]),
  ];
  if (author === undefined || reader === undefined || submission === undefined)
    return lines.join('\n');
  const paths = { ca: relative(directory, facts.ca), maildir: relative(directory, reader.maildir) };
  const sending = { submission, author, reader, ca: paths.ca };
  return [
    ...lines,
    '',
    'Send a first message, from the shell:',
    '',
    shellCommand(sending),
    '',
    'from Python:',
    '',
    pythonCommand(sending),
    '',
    'from Node:',
    '',
    nodeCommand(sending),
    '',
    'and read it:',
    '',
    `npx posthouse read ${reader.user}`,
    `cat ${paths.maildir}/new/*`,
    '',
    'Stop with Ctrl-C.',
    '',
  ].join('\n');
}

interface Sending {
  readonly submission: { readonly host: string; readonly port: number };
  readonly author: { readonly user: string; readonly password: string };
  readonly reader: { readonly user: string };
  readonly ca: string;
}

function shellCommand({ author, ca, reader, submission }: Sending): string {
  return `printf 'From: ${author.user}\\r\\nTo: ${reader.user}\\r\\nSubject: First message\\r\\n\\r\\nHello from the shell\\r\\n' |
  curl --silent --show-error --ssl-reqd --url smtp://${submission.host}:${submission.port} --cacert ${ca} \\
    --user ${author.user}:${author.password} --mail-from ${author.user} --mail-rcpt ${reader.user} --upload-file -`;
}

function pythonCommand({ author, ca, reader, submission }: Sending): string {
  return `python3 - <<'EOF'
import smtplib, ssl
with smtplib.SMTP('${submission.host}', ${submission.port}) as smtp:
    smtp.starttls(context=ssl.create_default_context(cafile='${ca}'))
    smtp.login('${author.user}', '${author.password}')
    smtp.sendmail('${author.user}', ['${reader.user}'], 'Subject: First message\\n\\nHello from Python')
EOF`;
}

/** Said apart, because this text loads nothing: the reader's program does, from the root of the repository. */
const LOAD = 'require';

function nodeCommand({ author, ca, reader, submission }: Sending): string {
  return `node - <<'EOF'
${LOAD}('nodemailer').createTransport({
  host: '${submission.host}', port: ${submission.port}, requireTLS: true,
  tls: { ca: require('fs').readFileSync('${ca}') },
  auth: { user: '${author.user}', pass: '${author.password}' },
}).sendMail({ from: '${author.user}', to: '${reader.user}', subject: 'First message', text: 'Hello from Node' })
  .then((sent) => console.log(sent.response));
EOF`;
}

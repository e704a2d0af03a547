/** What nodemailer's own pages show: a transport with host, port, secure and auth, and a message. */
import { readFileSync } from 'node:fs';
import { env } from 'node:process';
import { createTransport } from 'nodemailer';

const login = { user: env['ACCOUNT'] ?? '', pass: env['PASSWORD'] ?? '' };

const transporter = createTransport({
  host: env['HOST'] ?? '',
  port: Number(env['PORT']),
  secure: env['WAY'] === 'tls',
  ...(env['WAY'] === 'clear' && { ignoreTLS: true }),
  ...(login.user !== '' && { auth: login }),
  tls: { ca: readFileSync(env['CA_FILE'] ?? '', 'utf8') },
});

await transporter.sendMail({
  from: env['SENDER'],
  to: env['RECIPIENT'],
  subject: readFileSync('subject.txt', 'utf8'),
  text: readFileSync('letter.txt', 'utf8'),
  html: readFileSync('letter.html', 'utf8'),
});

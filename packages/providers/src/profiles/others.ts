/**
 * The other services, as data: what their pages tell of limits and replies.
 *
 * Yahoo: https://senders.yahooinc.com/smtp-error-codes/; it tells limits of its business accounts alone.
 * SendGrid: https://www.twilio.com/docs/sendgrid/for-developers/sending-email/smtp-errors-and-troubleshooting.
 * Mailgun: https://documentation.mailgun.com/docs/mailgun/user-manual/sending-messages; it tells a limit
 * of recipients for batches alone.
 * Postmark: https://postmarkapp.com/developer/user-guide/send-email-with-smtp.
 * SMTP.com: https://kb.smtp.com/article/1033-settings.
 */
import type { MailboxProvider, Provider } from '../provider.ts';
import type { ReplyRule } from '../reply-meaning.ts';
import { HOUR_MS, MINUTE_MS } from './time.ts';

const YAHOO_DEFERRALS: readonly ReplyRule[] = [
  {
    codes: [421, 451],
    text: /\[TSS?03\]|permanently deferred/i,
    meaning: {
      about: 'account',
      advice: 'Yahoo takes nothing from our address: check lists and complaints before going on',
      restMs: HOUR_MS,
    },
  },
  {
    codes: [421, 451],
    text: /\[TSS?\d+\]|temporarily deferred/i,
    meaning: {
      about: 'rate',
      advice: 'Yahoo defers our mail for its volume or for complaints',
      restMs: 30 * MINUTE_MS,
    },
  },
];

export const YAHOO: Partial<Provider> = {
  login: 'your whole address, and an app password made in the settings of your account',
  replies: [
    {
      codes: [535],
      meaning: {
        about: 'login',
        advice: 'The login is not accepted: the whole address, and an app password',
        restMs: 15 * MINUTE_MS,
      },
    },
    ...YAHOO_DEFERRALS,
  ],
};

export const YAHOO_MAILBOXES: MailboxProvider = {
  name: 'yahoo',
  mxSuffixes: ['yahoodns.net'],
  domains: ['yahoo.com', 'ymail.com', 'rocketmail.com', 'aol.com'],
  replies: YAHOO_DEFERRALS,
};

export const SENDGRID: Partial<Provider> = {
  login: 'the user name "apikey", and an API key as password',
  user: { kind: 'fixed', name: 'apikey' },
  limits: {
    maxMessagesPerConnection: 5000,
    source:
      'https://www.twilio.com/docs/sendgrid/for-developers/sending-email/integrating-with-the-smtp-api',
  },
  replies: [
    {
      codes: [451, 452, 535, 550],
      text: /maximum credits exceeded|exceeded your messaging limits/i,
      meaning: {
        about: 'quota',
        advice: 'The credits of the plan are used up',
        restMs: HOUR_MS,
      },
    },
    {
      codes: [452],
      text: /too many recipients received this hour/i,
      meaning: {
        about: 'quota',
        advice: 'The recipients of this hour are used up',
        restMs: 10 * MINUTE_MS,
      },
    },
    {
      codes: [451, 535],
      text: /authentication failed/i,
      meaning: {
        about: 'login',
        advice: 'The user name is "apikey", the password an API key that may send mail',
        restMs: 15 * MINUTE_MS,
      },
    },
  ],
};

export const MAILGUN: Partial<Provider> = {
  login: 'SMTP credentials of the sending domain; region "eu" for domains of the EU region',
  regionalHost: 'smtp.{region}.mailgun.org',
};

export const POSTMARK: Partial<Provider> = {
  login: 'the server API token, as user name and as password',
  user: { kind: 'password' },
  limits: {
    maxRecipients: 50,
    source: 'https://postmarkapp.com/developer',
  },
};

/** Not in nodemailer's table. */
export const SMTP_COM: Provider = {
  name: 'SMTP.com',
  description: 'SMTP.com',
  host: 'send.smtp.com',
  port: 587,
  tls: 'required',
  login: 'the name of a sender of your account, and its API key as password',
};

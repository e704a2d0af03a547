/**
 * Microsoft: Exchange Online (Microsoft 365) and Outlook.com as smarthosts, and as hosts that receive.
 *
 * Limits and their replies:
 * https://learn.microsoft.com/exchange/troubleshoot/send-emails/smtp-submission-improvements
 * Other replies:
 * https://learn.microsoft.com/exchange/mail-flow-best-practices/non-delivery-reports-in-exchange-online
 * Tokens:
 * https://learn.microsoft.com/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth
 */
import type { MailboxProvider, Provider } from '../provider.ts';
import type { ReplyRule } from '../reply-meaning.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from './time.ts';

const BUSY: readonly ReplyRule[] = [
  {
    codes: [421, 450, 451],
    status: /^4\.7\.(?:[56]\d\d)$/,
    meaning: {
      about: 'rate',
      advice: 'Microsoft slows our address down: its reputation is new or low',
      restMs: 10 * MINUTE_MS,
    },
  },
  {
    codes: [550],
    status: /^5\.7\.(?:705|708|750)$/,
    meaning: {
      about: 'account',
      advice: 'Microsoft takes no mail of this tenant or address: look into its security portal',
      restMs: HOUR_MS,
    },
  },
];

const SUBMISSION: readonly ReplyRule[] = [
  {
    codes: [421, 432, 451, 554],
    text: /concurrent connections? limit|sender thread limit/i,
    meaning: {
      about: 'connections',
      advice: 'A mailbox may have three connections at once',
      restMs: MINUTE_MS,
    },
  },
  {
    codes: [432],
    status: /^4\.3\.2$/,
    meaning: {
      about: 'connections',
      advice: 'A mailbox may have three connections at once',
      restMs: MINUTE_MS,
    },
  },
  {
    codes: [550, 554],
    text: /SubmissionQuotaExceeded|daily limit for message recipients/i,
    meaning: {
      about: 'quota',
      advice: 'The recipients of the last 24 hours are used up',
      restMs: HOUR_MS,
    },
  },
  {
    codes: [550],
    status: /^5\.1\.90$/,
    meaning: {
      about: 'quota',
      advice: 'The recipients of the last 24 hours are used up',
      restMs: HOUR_MS,
    },
  },
  {
    codes: [554],
    status: /^5\.2\.2$/,
    text: /mailbox full|ShutoffQuotaExceeded|QuotaExceeded/i,
    meaning: {
      about: 'account',
      advice: 'The mailbox that we send from is full: empty its Sent Items',
      restMs: HOUR_MS,
    },
  },
  {
    codes: [550],
    status: /^5\.1\.8$/,
    meaning: {
      about: 'account',
      advice: 'The account is blocked for what it sent: unblock it in the security portal',
      restMs: HOUR_MS,
    },
  },
  {
    codes: [535],
    status: /^5\.7\.139$/,
    meaning: {
      about: 'login',
      advice: 'Login with a password is switched off: have SMTP AUTH switched on, or use a token',
      restMs: 15 * MINUTE_MS,
    },
  },
  {
    codes: [535],
    meaning: {
      about: 'login',
      advice: 'The login is not accepted: the whole address, and SMTP AUTH on for the mailbox',
      restMs: 15 * MINUTE_MS,
    },
  },
  {
    codes: [451, 454],
    status: /^4\.7\.0$/,
    meaning: { about: 'login', advice: 'Microsoft cannot check logins now', restMs: 5 * MINUTE_MS },
  },
  ...BUSY,
];

const EXCHANGE_ONLINE_LIMITS = {
  rates: [
    { of: 'messages', count: 30, perMs: MINUTE_MS },
    { of: 'recipients', count: 10_000, perMs: DAY_MS },
  ],
  maxConnections: 3,
  source:
    'https://learn.microsoft.com/exchange/troubleshoot/send-emails/smtp-submission-improvements',
} as const;

const TOKEN = {
  url: 'https://login.microsoftonline.com/common/oauth2/v2.0/token',
  scope: 'https://outlook.office.com/SMTP.Send offline_access',
};

export const MICROSOFT_365: Partial<Provider> = {
  login: 'your whole address; an administrator must have switched SMTP AUTH on for the mailbox',
  limits: EXCHANGE_ONLINE_LIMITS,
  replies: SUBMISSION,
  token: TOKEN,
};

/** Outlook.com documents no numbers: they depend on the age and use of the account. */
export const OUTLOOK_COM: Partial<Provider> = {
  login: 'your whole address, and an access token or an app password',
  replies: SUBMISSION,
  token: TOKEN,
};

export const MICROSOFT_MAILBOXES: MailboxProvider = {
  name: 'microsoft',
  mxSuffixes: ['protection.outlook.com', 'mx.microsoft'],
  domains: ['outlook.com', 'hotmail.com', 'live.com', 'msn.com'],
  replies: BUSY,
};

/**
 * Google: Gmail and Google Workspace as a smarthost, and as a host that receives.
 *
 * Limits: https://support.google.com/a/answer/166852 (Workspace; days are rolling) and
 * https://support.google.com/mail/answer/22839 (gmail.com). Replies:
 * https://support.google.com/a/answer/3726730. Tokens:
 * https://developers.google.com/workspace/gmail/imap/xoauth2-protocol
 */
import type { MailboxProvider, Provider } from '../provider.ts';
import type { ReplyRule } from '../reply-meaning.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from './time.ts';

const BUSY: readonly ReplyRule[] = [
  {
    codes: [421, 450, 550],
    text: /unusual rate of unsolicited mail|unsolicited mail originating/i,
    meaning: {
      about: 'rate',
      advice: 'Google sees mail from our address as unsolicited: check what is sent, SPF and DKIM',
      restMs: 30 * MINUTE_MS,
    },
  },
  {
    codes: [421],
    status: /^4\.(?:3\.0|4\.5|7\.0|7\.28)$/,
    meaning: { about: 'rate', advice: 'Google asks to try again later', restMs: 5 * MINUTE_MS },
  },
];

const SUBMISSION: readonly ReplyRule[] = [
  {
    codes: [450, 550],
    text: /peak smtp relay limit/i,
    meaning: {
      about: 'rate',
      advice: 'The organization sends through the SMTP relay service faster than it may',
      restMs: 10 * MINUTE_MS,
    },
  },
  {
    codes: [450, 452, 550],
    text: /daily (?:user )?(?:sending|smtp relay) (?:limit|quota)|daily sending quota/i,
    meaning: {
      about: 'quota',
      advice: 'The sending limit of the last 24 hours is used up',
      restMs: HOUR_MS,
    },
  },
  {
    codes: [550],
    status: /^5\.4\.5$/,
    meaning: {
      about: 'quota',
      advice: 'The sending limit of the last 24 hours is used up',
      restMs: HOUR_MS,
    },
  },
  {
    codes: [454],
    text: /too many login attempts/i,
    meaning: {
      about: 'login',
      advice: 'Too many logins: fewer connections, and each for more messages',
      restMs: 15 * MINUTE_MS,
    },
  },
  {
    codes: [454],
    status: /^4\.7\.0$/,
    meaning: { about: 'login', advice: 'Google cannot check logins now', restMs: MINUTE_MS },
  },
  {
    codes: [534, 535],
    text: /application-specific password|app password|webloginrequired|log in (?:via|with) your web browser/i,
    meaning: {
      about: 'login',
      advice: 'This password may not log in: make an app password, or use an access token',
      restMs: 15 * MINUTE_MS,
    },
  },
  {
    codes: [534, 535],
    meaning: {
      about: 'login',
      advice: 'User name or password are not accepted: the whole address, and an app password',
      restMs: 15 * MINUTE_MS,
    },
  },
  {
    codes: [550],
    status: /^5\.7\.0$/,
    text: /relay denied/i,
    meaning: {
      about: 'account',
      advice:
        "The SMTP relay service does not know us: add our address in the administrator's console",
      restMs: 15 * MINUTE_MS,
    },
  },
  ...BUSY,
];

export const GMAIL: Partial<Provider> = {
  login: 'your whole address, and an app password made in the settings of your account',
  limits: {
    rates: [
      { of: 'messages', count: 2000, perMs: DAY_MS },
      { of: 'recipients', count: 3000, perMs: DAY_MS },
    ],
    maxRecipients: 100,
    source: 'https://support.google.com/a/answer/166852',
  },
  domainLimits: {
    domains: ['gmail.com', 'googlemail.com'],
    limits: {
      rates: [{ of: 'messages', count: 500, perMs: DAY_MS }],
      maxRecipients: 500,
      source: 'https://support.google.com/mail/answer/22839',
    },
  },
  replies: SUBMISSION,
  token: { url: 'https://oauth2.googleapis.com/token', scope: 'https://mail.google.com/' },
};

export const GOOGLE_MAILBOXES: MailboxProvider = {
  name: 'google',
  mxSuffixes: ['google.com', 'googlemail.com'],
  domains: ['gmail.com', 'googlemail.com'],
  replies: BUSY,
};

/**
 * Amazon SES as a smarthost. Its sending rate and daily quota are the account's own, so they stand
 * in no profile: set `limits` to what the SES console shows.
 *
 * https://docs.aws.amazon.com/ses/latest/dg/manage-sending-quotas-errors.html,
 * https://docs.aws.amazon.com/ses/latest/dg/quotas.html,
 * https://docs.aws.amazon.com/ses/latest/dg/troubleshoot-smtp.html
 */
import type { Provider } from '../provider.ts';
import type { ReplyRule } from '../reply-meaning.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from './time.ts';

const REPLIES: readonly ReplyRule[] = [
  {
    codes: [454],
    text: /daily message quota exceeded/i,
    meaning: {
      about: 'quota',
      advice: "The account's quota of the last 24 hours is used up",
      restMs: 10 * MINUTE_MS,
    },
  },
  {
    codes: [454],
    text: /maximum sending rate exceeded|throttling/i,
    meaning: {
      about: 'rate',
      advice: "Faster than the account's sending rate: set limits to what the SES console shows",
      restMs: 10 * SECOND_MS,
    },
  },
  {
    codes: [554],
    text: /sending (?:suspended|paused)/i,
    meaning: {
      about: 'account',
      advice: 'Sending is suspended for this account: look into the SES console',
      restMs: HOUR_MS,
    },
  },
  {
    codes: [535],
    meaning: {
      about: 'login',
      advice: 'SMTP credentials of this region are needed, made in the SES console: no access key',
      restMs: 15 * MINUTE_MS,
    },
  },
  {
    codes: [454],
    status: /^4\.7\.0$/,
    meaning: { about: 'login', advice: 'SES cannot check logins now', restMs: MINUTE_MS },
  },
];

export const AMAZON_SES: Partial<Provider> = {
  login: 'SMTP credentials made in the SES console of this region, no AWS access key',
  regionalHost: 'email-smtp.{region}.amazonaws.com',
  limits: {
    maxRecipients: 50,
    source: 'https://docs.aws.amazon.com/ses/latest/dg/quotas.html',
  },
  replies: REPLIES,
};

import { outcomeOfError, peerRefusal, readReply, refuse } from '@posthouse/mail';
import type { RecipientOutcome } from '@posthouse/mail';
import { findProvider } from '@posthouse/providers';
import { describe, expect, it } from 'vitest';
import { senseOf } from '../src/reply-sense.ts';

function reply(line: string): ReturnType<typeof readReply> {
  return readReply(Number(line.slice(0, 3)), [line.slice(4)]);
}

/** What an attempt at the provider comes to when it says this to a recipient. */
function sensed(provider: string, line: string): RecipientOutcome | undefined {
  const known = findProvider(provider);
  if (known === undefined) throw new TypeError(`no provider ${provider}`);
  const { host, port } = known;
  const setting = {
    endpoint: { host, port },
    tls: { mode: 'required', verify: true },
    provider: known,
  } as const;
  return senseOf({ name: host, setting }, [outcomeOfError(peerRefusal(reply(line)))])[0];
}

const HOUR_MS = 3_600_000;

describe('what a provider documents as its limit is a rest and no failure', () => {
  it.each([
    ['gmail', '550 5.4.5 Daily user sending limit exceeded. gsmtp', HOUR_MS],
    ['gmail', '550 5.7.1 Daily SMTP relay limit exceeded for customer. gsmtp', HOUR_MS],
    ['gmail', '421 4.7.0 Try again later, closing connection. gsmtp', 300_000],
    ['gmail', '421 4.7.28 Our system has detected an unusual rate of unsolicited mail', 1_800_000],
    ['microsoft365', '432 4.3.2 Concurrent connections limit exceeded', 60_000],
    [
      'microsoft365',
      '554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException; Failed to process',
      HOUR_MS,
    ],
    ['microsoft365', '451 4.7.500 Server busy. Please try again later', 600_000],
    ['ses', '454 Throttling failure: Maximum sending rate exceeded', 10_000],
    ['ses', '454 Throttling failure: Daily message quota exceeded', 600_000],
    ['sendgrid', '451 You have exceeded your messaging limits', HOUR_MS],
    ['yahoo', '421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred', 1_800_000],
  ])('%s: %s', (provider, line, restMs) => {
    expect(sensed(provider, line)).toMatchObject({
      kind: 'delayed',
      status: { class: 4 },
      scope: 'host',
      overload: true,
      restMs,
      reply: reply(line),
    });
  });

  it.each([
    ['microsoft365', '550 5.1.8 Access denied, bad outbound sender'],
    ['microsoft365', '554 5.2.2 mailbox full; STOREDRV.Submission.Exception'],
    ['ses', '554 Message rejected: Sending suspended for this account'],
  ])(
    'an account that is held back is no failure of its mail, and less does not help: %s: %s',
    (provider, line) => {
      const outcome = sensed(provider, line);
      expect(outcome).toMatchObject({ kind: 'delayed', scope: 'host' });
      expect(outcome).not.toHaveProperty('overload');
    },
  );

  it('hears what was said before MAIL, too', () => {
    const said = reply('535 Authentication Credentials Invalid');
    const refused = outcomeOfError(
      refuse('next-hop-authentication', { heard: said, scope: 'host' }),
    );
    const setting = {
      endpoint: { host: 'x.test', port: 587 },
      tls: { mode: 'required', verify: true },
      provider: findProvider('ses') ?? expect.unreachable(),
    } as const;
    const [outcome] = senseOf({ name: 'x.test', setting }, [refused]);
    expect(outcome).toMatchObject({ kind: 'delayed', restMs: 900_000, reply: said });
    expect(outcome?.kind === 'delayed' && outcome.reason).toContain('credentials of this region');
  });
});

describe('what is about the message or the recipient stands', () => {
  it.each([
    ['gmail', '550 5.1.1 The email account that you tried to reach does not exist'],
    ['gmail', '552 5.3.4 Your message exceeded the size limits'],
    ['microsoft365', '550 5.7.60 SMTP; Client does not have permissions to send as this sender'],
    ['ses', '554 Message rejected: Email address is not verified'],
    ['postmark', '550 5.7.1 rate limit? no such thing as a permanent one'],
  ])('%s: %s', (provider, line) => {
    expect(sensed(provider, line)).toMatchObject({ kind: 'failed', proof: 'peer-reply' });
  });

  it.each([
    ['gmail', '450 4.2.1 The user you are trying to contact is receiving mail too quickly'],
    ['postmark', '452 4.2.2 Mailbox full: too many messages'],
    ['postmark', '450 4.7.1 Greylisted, come again'],
  ])('%s: %s', (provider, line) => {
    const outcome = sensed(provider, line);
    expect(outcome).toMatchObject({ kind: 'delayed' });
    expect(outcome).not.toHaveProperty('overload');
    expect(outcome).not.toHaveProperty('restMs');
  });
});

it('knows a mailbox provider by the name of the MX host, and says of others what is safe', () => {
  const said = (name: string, line: string) =>
    senseOf({ name }, [outcomeOfError(peerRefusal(reply(line)))])[0];
  expect(said('alt1.aspmx.l.google.com', '421 4.7.28 Gmail has detected')).toMatchObject({
    overload: true,
    restMs: 300_000,
  });
  expect(said('mx.notgoogle.com', '421 4.7.28 Gmail has detected')).toMatchObject({
    overload: true,
    scope: 'host',
  });
  expect(said('mx.example.com', '450 4.3.2 Too much load')).toMatchObject({ overload: true });
  expect(said('mx.example.com', '550 5.4.5 Daily user sending limit exceeded')).toMatchObject({
    kind: 'failed',
  });
});

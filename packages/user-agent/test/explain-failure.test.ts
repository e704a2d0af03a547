import { describe, expect, it } from 'vitest';
import { enhancedStatus, outcomeOfError, peerRefusal, readReply, refuse } from '@posthouse/mail';
import type { MailError, RefusalName } from '@posthouse/mail';
import { explainFailure } from '../src/submission/explain-failure.ts';
import { findProvider } from '@posthouse/providers';

function said(text: string): MailError {
  return peerRefusal(readReply(Number(text.slice(0, 3)), [text.slice(4)]));
}

/** What @posthouse/smtp throws for a session that was refused. */
function session(code: RefusalName, text: string): MailError {
  const reply = readReply(Number(text.slice(0, 3)), [text.slice(4)]);
  return refuse(code, { text: `The next host said: ${text}`, heard: reply });
}

function system(code: string, message = code): MailError {
  const cause = Object.assign(new Error(message), { code });
  return refuse('next-hop-unreachable', { cause, fields: { error: code } });
}

describe('explainFailure', () => {
  it.each([
    [session('next-hop-authentication', '535 5.7.8 wrong'), 'credentials-wrong'],
    [session('next-hop-authentication', '535 Incorrect data'), 'credentials-wrong'],
    [
      session('next-hop-authentication', '535 5.7.139 basic authentication is disabled'),
      'app-password-needed',
    ],
    [
      session('next-hop-authentication', '534 5.7.9 Application-specific password required'),
      'app-password-needed',
    ],
    [session('next-hop-authentication', '454 4.7.0 try again'), 'login-unavailable'],
    [session('next-hop-authentication', '454 4.7.8 try again'), 'login-unavailable'],
    [session('next-hop-authentication', '504 5.5.4 mechanism'), 'login-unsupported'],
    [session('next-hop-tls', '502 5.5.1 STARTTLS not known'), 'tls-not-offered'],
    [session('next-hop-tls', '454 4.7.0 TLS not available'), 'tls-not-offered'],
    [session('next-hop-refused', '554 5.7.1 your address may not connect'), 'relay-denied'],
    [session('next-hop-refused', '421 4.3.2 shutting down'), 'closing'],
    [session('next-hop-refused', '421 4.7.0 too many connections'), 'too-fast'],
    [said('530 5.7.0 Must issue a STARTTLS command first'), 'tls-needed'],
    [said('530 5.7.0 Authentication required'), 'login-needed'],
    [said('538 5.7.11 encryption needed'), 'login-needs-tls'],
    [said('550 5.1.1 no such user'), 'no-such-mailbox'],
    [said('550 5.4.1 Recipient address rejected: Access denied'), 'no-such-mailbox'],
    [said('550 5.1.2 no such host'), 'no-such-domain'],
    [said('556 5.1.10 takes no mail'), 'takes-no-mail'],
    [said('553 5.7.1 not your address'), 'not-your-address'],
    [said('554 5.2.252 SendAsDenied'), 'not-your-address'],
    [said('552 5.3.4 too large'), 'too-large'],
    [said('552 message too big'), 'too-large'],
    [said('552 5.2.2 full'), 'mailbox-full'],
    [said('554 5.7.1 Relay access denied'), 'relay-denied'],
    [said('550 5.7.1 forbidden'), 'forbidden'],
    [said('550 5.7.26 unauthenticated'), 'domain-not-authenticated'],
    [said('452 4.5.3 too many recipients'), 'too-many-recipients'],
    [said('452 4.3.1 no space'), 'storage-full'],
    [said('452 4.2.2 over quota'), 'mailbox-full'],
    [said('421 4.3.2 shutting down'), 'closing'],
    [said('421 4.4.2 idle'), 'timed-out'],
    [said('450 4.7.1 greylisted'), 'later'],
    [said('450 4.1.1 cannot be checked'), 'later'],
    [said('451 local error'), 'later'],
    [said('550 no'), 'refused'],
    [said('500 what'), 'syntax'],
    [said('555 5.5.4 unknown parameter'), 'unsupported'],
    [system('ECONNREFUSED'), 'connection-refused'],
    [system('ENOTFOUND'), 'host-not-found'],
    [system('EAI_AGAIN'), 'dns-silent'],
    [system('EHOSTUNREACH'), 'host-unreachable'],
    [system('ETIMEDOUT'), 'timed-out'],
    [refuse('next-hop-unreachable', { fields: { error: 'took too long' } }), 'timed-out'],
    [refuse('next-hop-unreachable'), 'host-unreachable'],
    [refuse('deadline-passed'), 'timed-out'],
    [new DOMException('aborted', 'TimeoutError'), 'timed-out'],
    [refuse('next-hop-lost'), 'connection-lost'],
    [refuse('next-hop-tls'), 'tls-broken'],
    [system('DEPTH_ZERO_SELF_SIGNED_CERT', 'self-signed certificate'), 'certificate-not-trusted'],
    [system('SELF_SIGNED_CERT_IN_CHAIN'), 'certificate-not-trusted'],
    [system('UNABLE_TO_VERIFY_LEAF_SIGNATURE'), 'certificate-not-trusted'],
    [system('UNABLE_TO_GET_ISSUER_CERT_LOCALLY'), 'certificate-not-trusted'],
    [system('CERT_HAS_EXPIRED'), 'certificate-expired'],
    [system('ERR_TLS_CERT_ALTNAME_INVALID'), 'certificate-other-name'],
    [system('ERR_SSL_WRONG_VERSION_NUMBER'), 'not-tls'],
    [
      refuse('next-hop-tls', {
        cause: Object.assign(new Error('x'), { code: 'ESOCKET', originalCode: 'CERT_HAS_EXPIRED' }),
      }),
      'certificate-expired',
    ],
    [refuse('message-too-large'), 'too-large'],
    [refuse('smtputf8-unsupported'), 'not-international'],
    [refuse('eight-bit-unsupported'), 'unsupported'],
    [refuse('too-many-recipients'), 'too-many-recipients'],
    [outcomeOfError(said('550 5.1.1 no such user')), 'no-such-mailbox'],
    [outcomeOfError(refuse('deadline-passed')), 'timed-out'],
    [{ kind: 'failed', status: enhancedStatus(5, 0, 0), reason: 'x', proof: 'policy' }, 'unknown'],
    [new Error('what'), 'unknown'],
    [undefined, 'unknown'],
    [null, 'unknown'],
    ['ECONNREFUSED', 'connection-refused'],
    [refuse('local-trouble', { cause: new Error('disk') }), 'unknown'],
  ])('%s: %s', (failure, reason) => {
    const explained = explainFailure(failure);
    expect(explained.reason).toBe(reason);
    for (const sentence of [explained.what, explained.next]) {
      expect(sentence).toMatch(/^[A-Z].*[^.]\.$/);
      expect(sentence).not.toMatch(/undefined|\bnull\b| {2}|\.\./);
    }
  });

  it('says what is known of the case', async () => {
    const facts = { host: 'smtp.example.com', port: 587, user: 'alice@example.com' };
    const provider = findProvider('SendGrid');
    const words = (failure: unknown, more: object = {}): string => {
      const { what, next } = explainFailure(failure, { ...facts, ...more });
      return `${what} ${next}`;
    };
    expect(words(session('next-hop-authentication', '535 5.7.8 Bad'), { provider })).toBe(
      'smtp.example.com did not accept the user name or the password (it said: 535 5.7.8 Bad). ' +
        'Check both (the user was alice@example.com); the user name is mostly the whole address. ' +
        'SendGrid wants the user name "apikey", and an API key as password.',
    );
    expect(words(system('ECONNREFUSED'))).toBe(
      'Nothing listens at port 587 of smtp.example.com. Check host and port, and that the server runs.',
    );
    const sizes = { sizeBytes: 31_400_000, maxSizeBytes: 25_000_000 };
    expect(words(said('552 5.3.4 Too big'), sizes)).toMatch(
      /^The message of 31\.4 MB is too large for smtp\.example\.com, which takes at most 25\.0 MB \(it said: 552 5\.3\.4 Too big\)\./,
    );
  });

  it('warns where the message may have arrived', () => {
    const { reason, next } = explainFailure(
      outcomeOfError(refuse('deadline-passed', { inDoubt: true })),
    );
    expect(reason).toBe('timed-out');
    expect(next).toMatch(/may have arrived/);
  });

  it('comes to an end with errors that cause each other', () => {
    const error = new Error('a');
    error.cause = error;
    expect(explainFailure(error).reason).toBe('unknown');
  });
});

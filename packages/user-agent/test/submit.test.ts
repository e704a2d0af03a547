import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { simpleParser } from 'mailparser';
import { describe, expect, it, onTestFinished } from 'vitest';
import { formatMailbox, parseEnvelopeId, refuse } from '@posthouse/mail';
import { domain, recordedAddresses, startScriptedPeer } from '@posthouse/testkit';
import type { ScriptedPeerOptions } from '@posthouse/testkit';
import { compose } from '../src/compose/compose.ts';
import type { Draft } from '../src/compose/draft.ts';
import { explainFailure } from '../src/submission/explain-failure.ts';
import type { FailureReason } from '../src/submission/failure-reason.ts';
import { isComplete } from '../src/submission/receipt.ts';
import type { SubmissionServer } from '../src/submission/submission-server.ts';
import { submit } from '../src/submission/submit.ts';
import { CERTIFICATE, OTHER, listen } from './submission-listener.ts';

const DRAFT: Draft = {
  from: 'alice@example.test',
  to: ['bob@example.test', 'carol@example.test'],
  bcc: 'dan@example.test',
  subject: 'Grüße',
  text: 'Hello\n.\n..dots\n',
};

/** A server that plays a dialogue. */
async function play(
  dialogue: string,
  options: ScriptedPeerOptions = {},
): Promise<SubmissionServer> {
  const peer = await startScriptedPeer([dialogue], options);
  onTestFinished(() => peer.stop());
  return { host: peer.host, port: peer.port, tls: 'off', greeting: domain('client.example.test') };
}

async function failureOf(server: SubmissionServer): Promise<FailureReason> {
  const error: unknown = await submit(await compose(DRAFT), server).then(
    () => 'submitted',
    (thrown: unknown) => thrown,
  );
  return explainFailure(error, server).reason;
}

describe('submit', () => {
  it('hands a composed message over STARTTLS and a login to a submission server', async () => {
    const { server, receiver } = await listen();
    const receipt = await submit(await compose(DRAFT), server);
    expect(isComplete(receipt)).toBe(true);
    expect(receipt.tls).toMatchObject({ version: 'TLSv1.3', verified: true });
    expect(receipt.recipients.map(({ outcome }) => outcome.kind)).toEqual([
      'relayed',
      'relayed',
      'relayed',
    ]);
    const message = await receiver.message(0);
    expect(receipt.queueId).toBe(message.id);
    expect(receipt.notifications).toBe(true);
    expect(receipt.maxSizeBytes).toBe(26_214_400);
    expect(recordedAddresses(message)).toEqual([
      'bob@example.test',
      'carol@example.test',
      'dan@example.test',
    ]);
    expect(message.context.identity).toMatchObject({ account: 'alice@example.test' });
    const parsed = await simpleParser(message.bytes);
    expect([parsed.subject, parsed.text]).toEqual(['Grüße', 'Hello\n.\n..dots\n']);
    expect(parsed.headers.has('bcc')).toBe(false);
  });

  it('speaks TLS from the start where that is wanted', async () => {
    const { server } = await listen({}, { tls: { mode: 'implicit', ...CERTIFICATE } });
    const receipt = await submit(await compose(DRAFT), {
      ...server,
      host: 'localhost',
      tls: 'implicit',
    });
    expect(receipt.tls?.verified).toBe(true);
  });

  it('streams a message that is larger than memory is for', async () => {
    const { server, receiver } = await listen();
    async function* content(): AsyncIterable<Uint8Array> {
      for (let i = 0; i < 200; i++) yield Buffer.alloc(50_000, i);
    }
    const message = await compose({ ...DRAFT, attachments: [{ content, filename: 'large' }] });
    expect(isComplete(await submit(message, server))).toBe(true);
    const [attachment] = (await simpleParser((await receiver.message(0)).bytes)).attachments;
    expect(attachment?.size).toBe(10_000_000);
  });

  it('asks for notifications', async () => {
    const { server, receiver } = await listen();
    const envid = parseEnvelopeId('order 7');
    await submit(await compose(DRAFT), server, {
      notify: ['success', 'failure'],
      ret: 'HDRS',
      envid,
    });
    const message = await receiver.message(0);
    expect(message.params).toMatchObject({ ret: 'HDRS', envid: 'order 7' });
    expect(message.recipients.map(({ params }) => params.notify)).toEqual([
      ['success', 'failure'],
      ['success', 'failure'],
      ['success', 'failure'],
    ]);
  });

  it('sends to those that are taken, and says who is not', async () => {
    const { server, receiver } = await listen({
      onRecipient: ({ localPart }) =>
        localPart === 'carol' ? refuse('no-such-mailbox') : undefined,
    });
    const receipt = await submit(await compose(DRAFT), server);
    expect(isComplete(receipt)).toBe(false);
    expect(
      receipt.recipients.map(({ recipient, outcome }) => [formatMailbox(recipient), outcome.kind]),
    ).toEqual([
      ['bob@example.test', 'relayed'],
      ['carol@example.test', 'failed'],
      ['dan@example.test', 'relayed'],
    ]);
    expect(recordedAddresses(await receiver.message(0))).toEqual([
      'bob@example.test',
      'dan@example.test',
    ]);
    expect(explainFailure(receipt.recipients[1]?.outcome).reason).toBe('no-such-mailbox');
  });

  it('sends nothing where nobody is taken', async () => {
    const { server, receiver } = await listen({ onRecipient: () => refuse('relay-denied') });
    const receipt = await submit(await compose(DRAFT), server);
    expect(receipt.recipients.map(({ outcome }) => outcome.kind)).toEqual([
      'failed',
      'failed',
      'failed',
    ]);
    expect([receipt.reply, receipt.queueId]).toEqual([undefined, undefined]);
    expect([receiver.messages.length, receiver.open]).toEqual([0, 0]);
    expect(explainFailure(receipt.recipients[0]?.outcome).reason).toBe('relay-denied');
  });

  it('tells what the server says of the content', async () => {
    const { server } = await listen({ onContent: () => refuse('message-malformed') });
    const { recipients } = await submit(await compose(DRAFT), server);
    expect(recipients.map(({ outcome }) => outcome.kind)).toEqual(['failed', 'failed', 'failed']);
  });

  it('throws what MAIL is refused with', async () => {
    const { server } = await listen({ onMail: () => refuse('not-your-address') });
    expect(await failureOf(server)).toBe('not-your-address');
    const small = await listen({}, { limits: { maxMessageBytes: 100 } });
    expect(await failureOf(small.server)).toBe('too-large');
    const ascii = await listen({ capabilities: { smtpUtf8: false } });
    const message = await compose({ ...DRAFT, from: 'jürgen@example.test' });
    const error = await submit(message, ascii.server).catch((thrown: unknown) => thrown);
    expect(explainFailure(error).reason).toBe('not-international');
  });

  it('throws what the content throws, and leaves nothing at the server', async () => {
    const { server, receiver } = await listen();
    let reads = 0;
    async function* content(): AsyncIterable<Uint8Array> {
      yield Buffer.alloc(2_000_000);
      if (++reads > 1) throw new Error('the disk is gone');
    }
    const message = await compose({ ...DRAFT, attachments: [{ content }] });
    await expect(submit(message, server)).rejects.toThrow('the disk is gone');
    expect(receiver.messages.length).toBe(0);
  });

  it('gives up when it is told to', async () => {
    const { server } = await listen();
    const options = { signal: AbortSignal.abort(new Error('stopped')) };
    await expect(submit(await compose(DRAFT), server, options)).rejects.toThrow();
  });
});

describe('what goes wrong with a submission', () => {
  it('is told apart', async () => {
    const { server } = await listen();
    const login = { user: 'alice@example.test', password: 'wrong' };
    expect(await failureOf({ ...server, login })).toBe('credentials-wrong');
    expect(await failureOf({ ...server, login: undefined })).toBe('login-needed');
    expect(await failureOf({ ...server, tls: 'off' })).toMatch(/^login-(?:needs-tls|unsupported)$/);
    expect(await failureOf({ ...server, tls: 'off', login: undefined })).toBe('tls-needed');
    expect(await failureOf({ ...server, ca: undefined })).toBe('certificate-not-trusted');
    expect(await failureOf({ ...server, ca: OTHER.cert })).toBe('certificate-not-trusted');
    expect(await failureOf({ ...server, tls: 'implicit' })).toBe('not-tls');
    const implicit = await listen({}, { tls: { mode: 'implicit', ...CERTIFICATE } });
    expect(await failureOf({ ...implicit.server, ca: undefined, tls: 'implicit' })).toBe(
      'certificate-not-trusted',
    );
    const other = await listen({}, { tls: { mode: 'starttls', ...OTHER } });
    expect(await failureOf({ ...other.server, ca: OTHER.cert })).toBe('certificate-other-name');
    const plain = await listen(
      {},
      { tls: undefined, requireTls: false, authentication: undefined },
    );
    expect(await failureOf(plain.server)).toBe('tls-not-offered');
  });

  it('is told apart where there is no server', async () => {
    const closed = createServer();
    const port = await new Promise<number>((resolve) => {
      closed.listen(0, '127.0.0.1', () => resolve((closed.address() as AddressInfo).port)); // it listens on TCP
    });
    await new Promise((resolve) => closed.close(resolve));
    expect(await failureOf({ host: '127.0.0.1', port, tls: 'off' })).toBe('connection-refused');
    const nowhere = await failureOf({ host: 'nowhere.invalid', port, tls: 'off' });
    expect(nowhere).toMatch(/^(?:host-not-found|dns-silent)$/);
  });

  it('is told apart where the server ends the conversation', async () => {
    expect(await failureOf(await play('S: 554 5.7.1 go away\n'))).toBe('relay-denied');
    expect(await failureOf(await play('S: 421 4.3.2 closing\n'))).toBe('closing');
    expect(await failureOf(await play('! drop\n'))).toBe('connection-lost');
    expect(await failureOf(await play('! garbage\n'))).toBe('not-smtp');
    const silent = await startScriptedPeer(['! until released\n']);
    const server = {
      host: silent.host,
      port: silent.port,
      tls: 'off',
      timeouts: { greetingMs: 20 },
    } as const;
    expect(await failureOf(server)).toBe('timed-out');
    silent.release('released');
    await silent.stop();
  });

  it('leaves no doubt where there is some', async () => {
    const server = await play(`
      S: 220 mail.example.test
      C: EHLO client.example.test
      S: 250 mail.example.test
      C: MAIL FROM:<alice@example.test>
      S: 250 ok
      C: RCPT TO:<bob@example.test>
      S: 250 ok
      C: DATA
      S: 354 go on
      ! content
      ! drop
    `);
    const message = await compose({
      from: 'alice@example.test',
      to: 'bob@example.test',
      text: 'x',
    });
    const [line] = (await submit(message, server)).recipients;
    expect(line?.outcome).toMatchObject({ kind: 'delayed', inDoubt: true });
    expect(explainFailure(line?.outcome).next).toContain('may have arrived');
  });
});

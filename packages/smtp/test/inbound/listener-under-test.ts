/**
 * A listener on a free loopback port with a recording receiver, a manual clock and its
 * log kept; it and its clients end with the test.
 */
import { readFileSync } from 'node:fs';
import type { LogFields, Logger } from '@posthouse/mail';
import {
  connectDialogue,
  createManualClock,
  createRecordingReceiver,
  domain,
} from '@posthouse/testkit';
import type {
  DialogueClient,
  ManualClock,
  ReceiverScript,
  RecordingReceiver,
} from '@posthouse/testkit';
import { onTestFinished } from 'vitest';
import { createListener } from '../../src/index.ts';
import type { Listener, ListenerOptions, SessionPolicy } from '../../src/index.ts';
import type { MailReceiver } from '@posthouse/mail';

export interface ListenerUnderTest {
  readonly listener: Listener;
  readonly receiver: RecordingReceiver;
  readonly clock: ManualClock;
  /** Every log event, with its level. */
  readonly log: readonly (LogFields & { readonly level: string })[];
  /** Connects and plays a transcript; without one nothing is read or said yet. */
  readonly connect: (transcript?: string) => Promise<DialogueClient>;
  /** Connects, is greeted, says EHLO (or LHLO), and plays a transcript. */
  readonly session: (transcript?: string) => Promise<DialogueClient>;
}

export interface Surroundings {
  readonly policy?: SessionPolicy;
  /** What the recording receiver says. */
  readonly script?: ReceiverScript;
  /** Stands in front of the recording receiver. */
  readonly receiver?: (recording: RecordingReceiver) => MailReceiver;
}

/** A transaction with one recipient, up to its content. */
export const ENVELOPE = `
  C: MAIL FROM:<a@b.test>
  S: 250 *
  C: RCPT TO:<c@d.test>
  S: 250 *
`;

/** Starts one. */
export async function startListener(
  options: Partial<ListenerOptions> = {},
  around: Surroundings = {},
): Promise<ListenerUnderTest> {
  const lmtp = options.protocol === 'lmtp';
  const receiver = createRecordingReceiver({
    ...(lmtp ? { results: 'per-recipient' } : {}),
    ...around.script,
  });
  const clock = createManualClock();
  const log: (LogFields & { level: string })[] = [];
  const listener = createListener(
    {
      protocol: 'smtp',
      listen: { host: '127.0.0.1', port: 0 },
      hostname: domain('mx.example.test'),
      ...options,
    },
    {
      receiver: around.receiver?.(receiver) ?? receiver,
      policy: around.policy,
      clock,
      logger: recordingLogger(log),
    },
  );
  await listener.start();
  const clients: DialogueClient[] = [];
  onTestFinished(async () => {
    for (const client of clients) client.destroy();
    await listener.stop();
  });
  const connect = async (transcript = ''): Promise<DialogueClient> => {
    const client = await connectDialogue(listener.address);
    clients.push(client);
    await client.play(transcript);
    return client;
  };
  const session = async (transcript = ''): Promise<DialogueClient> => {
    const client = await connect(`
      S: 220 *
      C: ${lmtp ? 'LHLO' : 'EHLO'} client.example.test
      S+ 250
    `);
    await client.play(transcript);
    return client;
  };
  return { listener, receiver, clock, log, connect, session };
}

function recordingLogger(log: (LogFields & { level: string })[]): Logger {
  const keep =
    (level: string) =>
    (fields: LogFields): void =>
      void log.push({ ...fields, level });
  return { debug: keep('debug'), info: keep('info'), warn: keep('warn'), error: keep('error') };
}

/** A certificate for tests, made once with openssl; valid until 2126. */
export function certificate(name: 'listener' | 'renewed'): { key: string; cert: string } {
  const read = (part: string): string =>
    readFileSync(new URL(`../fixtures/${name}-${part}.pem`, import.meta.url), 'utf8');
  return { key: read('key'), cert: read('cert') };
}

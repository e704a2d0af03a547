/**
 * A relay's way out with all that decides about TLS, and real hosts on loopback: a DNS, mail
 * hosts that play dialogues, and an MTA-STS policy host.
 */
import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { createResolver } from '@posthouse/dns';
import type { Zone, ZoneTlsa, TestDnsServer } from '@posthouse/dns/testing';
import { createDnsServer } from '@posthouse/dns/testing';
import {
  contentOf,
  createNetworks,
  newTransactionId,
  NULL_PATH,
  startInOrder,
  stopInReverse,
  systemClock,
} from '@posthouse/mail';
import type { MailParams, RecipientOutcome } from '@posthouse/mail';
import type { Attempt, MessageRecord } from '@posthouse/queue';
import {
  createEventLog,
  domain,
  mailbox,
  startScriptedPeer,
  testContext,
} from '@posthouse/testkit';
import type { EventLog, ScriptedPeer } from '@posthouse/testkit';
import { createAuthority, createServerCertificate } from '@posthouse/transport-security';
import { createNextHosts, createOutboundTls, createTransmission } from '../src/index.ts';
import type { OutboundTls, OutboundTlsOptions } from '../src/index.ts';
import { HostRests } from '../src/host-rests.ts';
import { createPeers } from '../src/peers.ts';
import { createSending } from '../src/sending.ts';

const DAY_MS = 24 * 3_600_000;

export interface Keyed {
  readonly certificate: string;
  readonly key: string;
}

/** An authority of the tests' world, which the relay believes, and one that it does not. */
export const AUTHORITY: Authority = authority();
export const STRANGER: Authority = authority();

type Authority = Keyed & { readonly commonName: string };

function authority(): Authority {
  const commonName = 'Authority';
  const names = ['example.test', 'elsewhere.test'];
  const [notBefore, notAfter] = [Date.now() - 3 * DAY_MS, Date.now() + DAY_MS];
  return { ...createAuthority({ commonName, names, notBefore, notAfter }), commonName };
}

/** A certificate for a name. */
export function certified(
  name: string,
  { by = AUTHORITY, expired = false }: { readonly by?: Authority; readonly expired?: boolean } = {},
): Keyed {
  const notAfter = Date.now() + (expired ? -DAY_MS : DAY_MS);
  const request = {
    commonName: 'host',
    names: [name],
    notBefore: Date.now() - 2 * DAY_MS,
    notAfter,
  };
  return createServerCertificate(request, by);
}

/** The record of a certificate: DANE-EE of its key unless said otherwise. */
export function tlsaOf({ certificate }: Pick<Keyed, 'certificate'>, usage = 3): ZoneTlsa {
  const key = new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' });
  const digest = createHash('sha256').update(key).digest();
  return { usage, selector: 1, matchingType: 1, certificate: digest };
}

const HELLO = `
  S: 220 mx.example.test ESMTP
  C: EHLO relay.test`;

/** A host that offers STARTTLS, and what it does then. */
export const WITH_TLS: string = `${HELLO}
  S: 250-mx.example.test
  S: 250 STARTTLS
  C: STARTTLS
  S: 220 Ready
  ! tls
  C: EHLO relay.test`;

/** A host that offers none. */
export const WITHOUT_TLS: string = `${HELLO}
  S: 250 mx.example.test`;

/** Takes one message and is left. */
export const TAKES = `
  C: MAIL FROM:<>*
  S: 250 Ok
  C: RCPT TO:<bob@example.test>
  S: 250 Ok
  C: DATA
  S: 354 Go on
  ! content
  S: 250 Ok
  C: QUIT
  S: 221 Bye`;

/** Takes one message and closes, so that the next one needs another connection. */
export const TAKES_AND_CLOSES: string = TAKES.replace(
  /250 Ok\s+C: QUIT[^]*/,
  '250 Ok\n  S: 421 Bye',
);

/** The offers of a host after EHLO. */
export function offering(...keywords: readonly string[]): string {
  const lines = ['mx.example.test', ...keywords];
  return lines.map((line, i) => `S: 250${i === lines.length - 1 ? ' ' : '-'}${line}`).join('\n');
}

export interface World {
  readonly dns: TestDnsServer;
  readonly tls: OutboundTls;
  readonly log: EventLog;
  readonly peer: ScriptedPeer;
  /** Tries once for bob@example.test. */
  send(
    message?: Partial<Pick<MessageRecord, 'tlsOptional'>> & { readonly params?: MailParams },
  ): Promise<RecipientOutcome>;
  /** Leaves all hosts, in good manners. */
  stop(): Promise<void>;
}

export interface WorldSetting {
  /** What the mail host plays, connection by connection. */
  readonly dialogues: readonly string[];
  readonly certificate?: Keyed;
  /** The zone, by the port of the mail host. @default example.test has one MX, mx.example.test */
  readonly zone?: (port: number) => Zone;
  /** Another resolver in front of the same names, by the port of the mail host. */
  readonly resolverAt?: (port: number) => Promise<string>;
  readonly options?: OutboundTlsOptions;
  /** The text of the MTA-STS policy. */
  readonly policy?: string;
}

/** A zone in which all is signed, with TLSA records for the host. */
export function signedZone(port: number, ...tlsa: readonly ZoneTlsa[]): Zone {
  return {
    'example.test': { mx: [[10, 'mx.example.test']], secure: true },
    'mx.example.test': { a: ['127.0.0.1'], secure: true },
    [`_${port}._tcp.mx.example.test`]: { tlsa, secure: true },
  };
}

const PLAIN_ZONE: Zone = {
  'example.test': { mx: [[10, 'mx.example.test']] },
  'mx.example.test': { a: ['127.0.0.1'] },
};

/** Starts it all; ends with the test. */
export async function startWorld(setting: WorldSetting): Promise<World> {
  const { certificate = certified('mx.example.test'), dialogues, policy } = setting;
  const peer = await startScriptedPeer(dialogues, {
    tls: { key: certificate.key, cert: `${certificate.certificate}${AUTHORITY.certificate}` },
  });
  const zone = setting.zone?.(peer.port) ?? PLAIN_ZONE;
  const announced = {
    '_mta-sts.example.test': { txt: ['v=STSv1; id=1;'] },
    'mta-sts.example.test': { a: ['127.0.0.1'] },
  };
  const dns = createDnsServer(policy === undefined ? zone : { ...zone, ...announced });
  await dns.start();
  onTestFinished(() => dns.stop());
  const log = createEventLog();
  const deps = { clock: systemClock, logger: log.logger };
  const server = (await setting.resolverAt?.(peer.port)) ?? dns.address;
  const resolver = createResolver({ servers: [server], attempts: 1, timeoutMs: 2000 }, deps);
  const policyPort = policy === undefined ? undefined : await startPolicyHost(policy);
  const tls = createOutboundTls(
    {
      forbiddenNetworks: [],
      tls: { authorities: AUTHORITY.certificate, policyPort, ...setting.options },
    },
    { ...deps, resolver },
  );
  const peers = createPeers({ hostname: domain('relay.test') }, deps);
  const parts = [resolver, tls, peers];
  await startInOrder(parts);
  const transmitter = createTransmission({
    routing: {
      isOwnDomain: () => false,
      routes: new Map(),
      accountRoutes: new Map(),
      senderRoutes: new Map(),
      outbound: { kind: 'mx' },
    },
    nextHosts: createNextHosts(
      { ourNames: new Set(), forbidden: createNetworks([]), port: peer.port },
      { resolver, random: () => 0 },
    ),
    memory: new HostRests(systemClock),
    delivery: { transmit: () => Promise.reject(new Error('nothing is for us')) },
    sendTo: createSending(tls.guard, peers),
  });
  return {
    dns,
    tls,
    log,
    peer,
    async send(message) {
      const [outcome] = await transmitter.transmit(attemptOf(message));
      if (outcome === undefined) throw new Error('no outcome');
      return outcome;
    },
    async stop() {
      await stopInReverse(parts);
      await peer.stop();
    },
  };
}

async function startPolicyHost(text: string): Promise<number> {
  const { certificate, key } = certified('mta-sts.example.test');
  const server = createServer({ cert: certificate, key }, (_, response) => {
    response.writeHead(200, { 'content-type': 'text/plain' }).end(text);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  const address = server.address() as AddressInfo; // a TCP server that listens
  return address.port;
}

function attemptOf({
  params = {},
  ...more
}: Partial<Pick<MessageRecord, 'tlsOptional'>> & { readonly params?: MailParams } = {}): Attempt {
  const id = newTransactionId(0);
  const context = testContext();
  return {
    message: {
      id,
      reversePath: NULL_PATH,
      params,
      origin: context,
      prefix: Buffer.alloc(0),
      content: { kind: 'kept' },
      sizeBytes: 0,
      priority: 'interactive',
      acceptedAt: 0,
      ...more,
    },
    recipients: [
      {
        message: id,
        index: 0,
        forwardPath: mailbox('bob@example.test'),
        params: {},
        state: 'queued',
        lane: 'mx:example.test',
        site: 'mx:example.test',
        attempts: 1,
        dueAt: 0,
        delayTold: false,
      },
    ],
    content: contentOf(Buffer.from('Subject: s\r\n\r\nbody')),
    context,
    signal: new AbortController().signal,
  };
}

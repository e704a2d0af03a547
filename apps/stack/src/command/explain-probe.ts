/**
 * What the hosts of a route say when they are asked: `posthouse explain --probe` connects to
 * each as an attempt would, and leaves before MAIL.
 */
import { replyText } from '@posthouse/mail';
import type { Clock, Domain } from '@posthouse/mail';
import { probeHost } from '@posthouse/relay';
import type { Guard, NextHost, ProbedHost } from '@posthouse/relay';
import type { CertificateFacts, PeerOffers } from '@posthouse/smtp';
import { sizeText } from './explain-decision.ts';
import type { Decision } from './explain-decision.ts';

type Fact = Omit<Decision, 'address'>;

export interface ProbeOptions {
  /** Our name in EHLO. */
  readonly hostname: Domain;
  readonly guard: Guard;
  readonly clock: Clock;
}

/** Asks hosts, and knows whether mail could go out. */
export interface Probe {
  /** One after the other; the first that mail could go to is enough for a route. */
  look(hosts: readonly NextHost[]): Promise<readonly Fact[]>;
  /** Whether each route so far had a host that mail could go to. */
  readonly passes: boolean;
}

/** Makes one. */
export function createProbe({ clock, guard, hostname }: ProbeOptions): Probe {
  let passes = true;
  return {
    get passes() {
      return passes;
    },
    async look(hosts) {
      const facts: Fact[] = [];
      let reached = false;
      for (const host of hosts) {
        const probed = await probeHost(host, hostname, { clock, guard });
        reached ||= probed.refusal === undefined;
        facts.push(...factsOf(probed, because(host)));
      }
      passes &&= reached;
      return facts;
    },
  };
}

function because({ endpoint }: NextHost): string {
  return 'path' in endpoint ? endpoint.path : `${endpoint.host}, port ${endpoint.port}`;
}

function factsOf(probed: ProbedHost, source: string): readonly Fact[] {
  const { certificate, host, offers, refusal, tls, transcript } = probed;
  const greeting = transcript.find(({ direction }) => direction === 'received')?.text;
  const { name } = host;
  const say = (text: string): Fact => ({
    topic: 'probe',
    text: `${name}: ${text}`,
    because: source,
  });
  const protection =
    tls === undefined
      ? 'in the clear'
      : `${tls.version}, ${tls.cipher}, certificate ${tls.verified ? 'verified' : 'not verified'}`;
  return [
    ...(greeting === undefined ? [] : [say(`greets with ${greeting}`)]),
    ...(refusal === undefined
      ? [say(protection)]
      : [say(`no mail could go there now: ${replyText(refusal.reply)}`)]),
    ...(certificate === undefined ? [] : [say(certificateText(certificate))]),
    ...(offers === undefined ? [] : [say(offersText(offers))]),
  ];
}

function certificateText({ issuer, names, problem, validTo }: CertificateFacts): string {
  const until = Number.isNaN(validTo) ? 'nobody knows when' : new Date(validTo).toISOString();
  const trouble = problem === undefined ? '' : `; by the authorities it is not valid: ${problem}`;
  return `certificate for ${names.join(', ')}, signed by ${issuer}, until ${until.slice(0, 10)}${trouble}`;
}

function offersText(offers: PeerOffers): string {
  const { limits, maxSizeBytes, mechanisms } = offers;
  const words = [
    offers.size && `SIZE${maxSizeBytes === undefined ? '' : ` (${sizeText(maxSizeBytes)})`}`,
    offers.pipelining && 'PIPELINING',
    offers.eightBitMime && '8BITMIME',
    offers.smtpUtf8 && 'SMTPUTF8',
    offers.chunking && 'CHUNKING',
    offers.dsn && 'DSN',
    offers.requireTls && 'REQUIRETLS',
    mechanisms.length > 0 && `AUTH ${mechanisms.join(' ')}`,
    limits.rcptMax !== undefined && `${limits.rcptMax} recipients a message`,
    limits.mailMax !== undefined && `${limits.mailMax} messages a connection`,
  ].filter((word) => word !== false);
  return words.length === 0 ? 'offers nothing' : `offers ${words.join(', ')}`;
}

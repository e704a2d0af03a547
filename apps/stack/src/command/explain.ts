/**
 * `posthouse explain`: each decision about an address, and which setting or record made it,
 * without sending anything.
 *
 * It reads the files as the next start or reload would, asks the DNS, and asks a stack that runs
 * here whether it catches all; it connects to no mail host unless it is told to (`--probe`),
 * and then names no mail to it.
 */
import { readConfiguration } from '@posthouse/configuration';
import type { Configuration } from '@posthouse/configuration';
import { createDirectory } from '@posthouse/directory';
import type { Directory } from '@posthouse/directory';
import { createResolver } from '@posthouse/dns';
import {
  displayMailbox,
  NULL_PATH,
  parseMailbox,
  silentLogger,
  startInOrder,
  stopInReverse,
  systemClock,
  domainPatterns,
} from '@posthouse/mail';
import type { Mailbox, ReversePath } from '@posthouse/mail';
import {
  escapeControls,
  EXIT,
  ExitError,
  loadConfiguration,
  readAuthorities,
  readNextHop,
  readSecret,
} from '@posthouse/process';
import {
  createOutboundTls,
  createRoutingTable,
  createWayOut,
  relayOptions,
  Sites,
} from '@posthouse/relay';
import { CONFIG_OPTION, onlyWord, readArguments, textValue } from './arguments.ts';
import type { Command } from './command.ts';
import { explainCatchAll } from './explain-catch-all.ts';
import { durationText, sizeText } from './explain-decision.ts';
import type { Decision } from './explain-decision.ts';
import { explainMeaning } from './explain-meaning.ts';
import { explainPace } from './explain-pace.ts';
import { createProbe } from './explain-probe.ts';
import { explainRoute, finder } from './explain-route.ts';
import { explainAuthor, explainVerdict } from './explain-verdict.ts';

const USAGE = `Usage: posthouse explain ADDRESS [--from ADDRESS] [--probe]

Tells what would become of mail for an address, and which setting or record decides: domain,
aliases, recipient, route, mail hosts and their addresses, TLS, limits. Nothing is sent, and
nobody is connected to but the DNS and, for MTA-STS, policy hosts.

  --from ADDRESS    also who may write from it, and routes by sender; '<>' for the null path
  --probe           also connects to the hosts: greeting, TLS, certificate, extensions, limits.
                    It leaves before it names any mail; exits 69 where none can be reached
  --json            one JSON object a line
  --config FILE     configuration to explain`;

export const explain: Command = {
  async run(argv) {
    const options = {
      ...CONFIG_OPTION,
      from: { type: 'string' },
      json: { type: 'boolean' },
      probe: { type: 'boolean' },
    } as const;
    const given = readArguments(argv, USAGE, options);
    if (given === undefined) return EXIT.ok;
    const to = readAddress(onlyWord(given.positionals, 'ADDRESS', USAGE));
    const text = textValue(given, 'from');
    const from = text === undefined || text === NULL_PATH ? text : readAddress(text);
    const named = textValue(given, 'config');
    const { configuration } = await loadConfiguration(named, readConfiguration);
    const probes = given.values['probe'] === true;
    const { decisions, passes } = await decide({ to, from, probes }, configuration);
    const lines =
      given.values['json'] === true
        ? decisions.map((one) => JSON.stringify(one))
        : paragraphs(decisions);
    process.stdout.write(`${lines.join('\n')}\n`);
    return passes ? EXIT.ok : EXIT.unavailable;
  },
};

interface Asked {
  readonly to: Mailbox;
  readonly from: ReversePath | undefined;
  readonly probes: boolean;
}

interface Explained {
  readonly decisions: readonly Decision[];
  /** Whether all that was probed can be reached. */
  readonly passes: boolean;
}

async function decide(
  { from, probes, to }: Asked,
  configuration: Configuration,
): Promise<Explained> {
  const deps = { logger: silentLogger, clock: systemClock };
  const directory = createDirectory(configuration.directory, deps);
  const resolver = createResolver(configuration.dns, deps);
  const relay = await relayOptions(configuration, undefined, {
    readAuthorities,
    readSecret,
    readNextHop,
  });
  const routing = createRoutingTable(relay, directory);
  const tls = createOutboundTls(relay, { ...deps, resolver });
  const { hostname } = configuration.server;
  const probe = probes ? createProbe({ ...deps, hostname, guard: tls.guard }) : undefined;
  const sites = new Sites();
  const nextHosts = finder({ configuration, resolver, sites });
  const wayOut = createWayOut({ nextHosts, clock: systemClock });
  const all = { configuration, directory, relay, resolver, routing, sites, tls, probe, wayOut };
  const parts = [directory, resolver, tls];
  await startInOrder(parts);
  try {
    const sender = { reversePath: from ?? NULL_PATH, account: accountOf(from, directory) };
    const routes: Decision[] = [];
    for (const final of finalsOf(to, directory, configuration)) {
      routes.push(...(await explainRoute(final, sender, all)));
      routes.push(...(await explainPace(final, sender, all)));
    }
    const decisions = [
      ...(await explainCatchAll(to, configuration.server.stateDirectory)),
      ...(from === undefined ? [] : [explainAuthor(from, all)]),
      domainDecision(to, directory),
      ...explainMeaning(to, all),
      ...routes,
      ...limitDecisions(to, configuration),
      ...(await explainVerdict(to, sender, all)),
    ];
    return { decisions, passes: probe?.passes ?? true };
  } finally {
    await stopInReverse(parts);
  }
}

/** Who logs in to write from an address. */
function accountOf(from: ReversePath | undefined, directory: Directory): string | undefined {
  if (from === undefined || from === NULL_PATH) return undefined;
  return directory.accountAt(from)?.account.name;
}

/** Where mail for an address goes; what only the delivery agent may know goes there. */
function finalsOf(to: Mailbox, directory: Directory, { relay }: Configuration): readonly Mailbox[] {
  if (!directory.isOwnDomain(to.domain)) return [to];
  const { finals, lost } = directory.expand(to);
  if (relay.recipientCheck !== 'delivery') return finals;
  const asked = lost.filter(({ reason }) => reason === 'unknown');
  return [...finals, ...asked.map(({ address }) => address)];
}

function domainDecision(to: Mailbox, directory: Directory): Decision {
  const isOwn = directory.isOwnDomain(to.domain);
  const text = isOwn ? `${to.domain} is ours` : `${to.domain} is none of ours`;
  return { address: displayMailbox(to), topic: 'domain', text, because: 'domains.own' };
}

function limitDecisions(to: Mailbox, { relay, submission }: Configuration): readonly Decision[] {
  const address = displayMailbox(to);
  const own = domainPatterns(to.domain).find((key) => relay.retry.domains[key] !== undefined);
  const { expireMs, scheduleMs } = { ...relay.retry, ...relay.retry.domains[own ?? ''] };
  const size = (bytes: number, where: string) => `${sizeText(bytes)} ${where}`;
  const most = [
    size(submission.limits.maxMessageBytes, 'from authors'),
    size(relay.limits.maxMessageBytes, 'from strangers'),
  ].join(', ');
  return [
    {
      address,
      topic: 'limits',
      text: `${most}; ${relay.limits.maxRecipients} recipients a message`,
      because: 'submission.max_message_size, relay.max_message_size, relay.max_recipients',
    },
    {
      address,
      topic: 'retries',
      text: `after ${scheduleMs.map(durationText).join(', ')} and so on; given up after ${durationText(expireMs)}`,
      because:
        own === undefined
          ? 'relay.retry.schedule, relay.retry.expire'
          : `relay.retry.domains."${own}"`,
    },
  ];
}

/** Decisions of one address under its name, each with its reason below. */
function paragraphs(decisions: readonly Decision[]): readonly string[] {
  let current: string | undefined;
  return decisions.flatMap(({ address, because, text, topic }) => {
    const head = address === current ? [] : [...(current === undefined ? [] : ['']), address];
    current = address;
    return [...head, `  ${topic.padEnd(11)} ${text}`, `  ${''.padEnd(11)} (${because})`].map(
      escapeControls,
    );
  });
}

/** @throws ExitError `usage` */
function readAddress(text: string): Mailbox {
  const mailbox = parseMailbox(
    text.startsWith('<') && text.endsWith('>') ? text.slice(1, -1) : text,
  );
  if (mailbox === undefined) throw new ExitError('usage', `${text} is no address`);
  return mailbox;
}

/**
 * Who may send what to whom: relay control and the check of recipients, at RCPT.
 *
 * Closed by default. For domains of our own anybody may write to whom there is; for
 * all else only those who logged in, and networks that are named, may. What the peer
 * calls itself, how the address is written and where it claims to lead count for nothing:
 * an address is its parsed mailbox, and a local-part is never read as a route.
 *
 * RFC 5321 §3.6.1 (relaying), §7.9 (scope of operation), §3.9 (expansion).
 */
import { displayMailbox, isAddressLiteral, NULL_PATH, refuse } from '@posthouse/mail';
import type {
  ForwardPath,
  Logger,
  Mailbox,
  MailDomain,
  MailError,
  Networks,
  ReversePath,
  TransferContext,
} from '@posthouse/mail';
import type { Directory, Expansion } from '@posthouse/directory';
import type { RecipientCheck } from './recipient-check.ts';
import { decideRoute } from './route.ts';
import type { RoutedSender, RoutingTable } from './route.ts';
import type { WayOut } from './way-out.ts';

export interface AdmissionDeps {
  readonly directory: Pick<Directory, 'isOwnDomain' | 'expand'>;
  readonly routing: RoutingTable;
  /** Networks whose hosts may relay; nobody's by default. */
  readonly relayNetworks: Networks;
  readonly logger: Logger;
  /** Asks about addresses that the directory does not know; absent: the directory knows all. */
  readonly recipientCheck?: RecipientCheck;
  /** Asks whether there is a way to other domains; absent: attempts find out. */
  readonly wayOut?: WayOut | undefined;
}

/** A recipient that is let in, as the addresses where it ends up. */
export interface Admission {
  readonly finals: readonly Mailbox[];
  /** Whether the address stands for others, and was not simply found. */
  readonly expanded: boolean;
  /** Of a list: who is told of failures in place of the author. */
  readonly owner?: Mailbox;
}

/** Lets a recipient in. @throws MailError naming why not */
export async function admitRecipient(
  path: ForwardPath,
  reversePath: ReversePath,
  context: TransferContext,
  deps: AdmissionDeps,
): Promise<Admission> {
  const isOwn = deps.directory.isOwnDomain(path.domain);
  if (!isOwn && !mayRelay(context, deps.relayNetworks)) throw relayDenied(path.domain);
  const expansion = isOwn ? await expandKnown(path, deps) : { finals: [path], lost: [] };
  if (expansion.finals.length === 0) throw lostRecipient(path, expansion);
  refuseCutShort(expansion);
  if (expansion.lost.length > 0) warnOfLost(path, expansion, deps.logger);
  // A notification keeps its null path even through a list (RFC 5321 §4.5.5).
  const owner = reversePath === NULL_PATH ? undefined : expansion.owner;
  const sender = { reversePath: owner ?? reversePath, account: context.identity?.account };
  const finals = expansion.finals.map((final) => openWay(final, path, sender, deps.routing));
  if (!isOwn) await deps.wayOut?.(decideRoute(path, sender, deps.routing).route);
  const [only] = finals;
  const expanded = finals.length > 1 || only === undefined || !isSame(only, path);
  return { finals, expanded, ...(owner === undefined ? {} : { owner }) };
}

/** The rest of the alias gets its mail; that a part of it leads nowhere is for us to mend, not for the author. */
function warnOfLost(path: ForwardPath, { lost }: Expansion, logger: Logger): void {
  const targets = lost.map(({ address, reason }) => `${displayMailbox(address)}: ${reason}`);
  logger.warn(
    { event: 'alias-target-lost', alias: displayMailbox(path), targets },
    'An alias leads to addresses that take no mail',
  );
}

/** Whether the session may send to domains that are not ours. */
export function mayRelay(context: TransferContext, relayNetworks: Networks): boolean {
  return (
    context.protocol === 'local' ||
    context.identity !== undefined ||
    relayNetworks.includes(context.peer.address)
  );
}

/**
 * Expands; what the directory does not know is asked of the recipient check, and only
 * what that does not know either goes to a catch-all.
 */
async function expandKnown(path: ForwardPath, deps: AdmissionDeps): Promise<Expansion> {
  const check = deps.recipientCheck;
  if (check === undefined) return deps.directory.expand(path);
  const expansion = deps.directory.expand(path, { catchAll: false });
  const known = await Promise.all(
    expansion.lost.map(
      async (loss) => loss.reason === 'unknown' && (await check.knows(loss.address)),
    ),
  );
  const found = expansion.lost.filter((_, i) => known[i] === true).map((loss) => loss.address);
  if (found.length === 0 && expansion.finals.length === 0) return deps.directory.expand(path);
  return {
    ...expansion,
    finals: [...expansion.finals, ...found],
    lost: expansion.lost.filter((_, i) => known[i] !== true),
  };
}

/** A 250 for a group of which a part was not even looked at would lose their mail unseen. @throws MailError */
function refuseCutShort({ lost }: Expansion): void {
  if (lost.some(({ reason }) => reason === 'too-deep')) throw refuse('alias-loop');
  if (lost.some(({ reason }) => reason === 'too-many')) throw refuse('too-many-recipients');
}

/** The address with a way out of here: itself, or the sink that its route leads to. @throws MailError where mail to it is off */
function openWay(
  final: Mailbox,
  path: ForwardPath,
  sender: RoutedSender,
  routing: RoutingTable,
): Mailbox {
  const { route } = decideRoute(final, sender, routing);
  if (route.kind === 'off') throw outsideOff(final, path);
  return route.kind === 'sink' ? route.mailbox : final;
}

function isSame(a: Mailbox, b: Mailbox): boolean {
  return a.domain === b.domain && a.localPart.toLowerCase() === b.localPart.toLowerCase();
}

function relayDenied(domain: MailDomain): MailError {
  const text = isAddressLiteral(domain)
    ? 'Relay access denied: mail to address literals is not relayed for you'
    : 'Relay access denied: this is no domain of ours, and you have not logged in';
  return refuse('relay-denied', {
    text,
    fields: { why: 'not own domain, not logged in, not a relay network' },
  });
}

function lostRecipient(path: ForwardPath, expansion: Expansion): MailError {
  const loop = expansion.lost.some((loss) => loss.reason === 'loop' || loss.reason === 'too-deep');
  if (loop) return refuse('alias-loop');
  return refuse('no-such-mailbox', { text: `No such mailbox here: ${displayMailbox(path)}` });
}

/** Where an alias leads is told to the log, and to nobody who asks. */
function outsideOff(final: Mailbox, path: ForwardPath): MailError {
  return refuse('outside-mail-off', {
    text: `Mail to other domains is switched off here (${displayMailbox(path)}); set relay.outbound to switch it on`,
    fields: { setting: 'relay.outbound', leadsTo: displayMailbox(final) },
  });
}

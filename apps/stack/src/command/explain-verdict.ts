/** Whether the address would be taken, as the relay itself decides it, from an author and from a stranger. */
import type { Configuration } from '@posthouse/configuration';
import type { Directory } from '@posthouse/directory';
import {
  createNetworks,
  displayMailbox,
  MailError,
  newTraceId,
  NULL_PATH,
  replyText,
  silentLogger,
  systemClock,
} from '@posthouse/mail';
import type { Mailbox, ReversePath, TransferContext } from '@posthouse/mail';
import { admitRecipient } from '@posthouse/relay';
import type { RoutedSender, RoutingTable, WayOut } from '@posthouse/relay';
import type { Decision } from './explain-decision.ts';

export interface VerdictDeps {
  readonly configuration: Configuration;
  readonly directory: Directory;
  readonly routing: RoutingTable;
  readonly wayOut: WayOut;
}

/** A documentation address (RFC 5737) stands for a host that no network of ours holds. */
const STRANGER = '203.0.113.1';

/** Who may write from an address. */
export function explainAuthor(
  from: ReversePath,
  { directory }: Pick<VerdictDeps, 'directory'>,
): Decision {
  if (from === NULL_PATH) {
    const text = 'the null path: notifications only, and only to our own domains';
    return { address: '<>', topic: 'author', text, because: 'RFC 5321 §4.5.5' };
  }
  const address = displayMailbox(from);
  if (!directory.isOwnDomain(from.domain)) {
    const text = 'of another domain: a stranger, who may write to our own domains only';
    return { address, topic: 'author', text, because: 'domains.own' };
  }
  const resolution = directory.resolve(from);
  switch (resolution.kind) {
    case 'account':
      return {
        address,
        topic: 'author',
        text: `${resolution.account.name} may write from it, logged in`,
        because: 'the account owns it',
      };
    case 'alias': {
      const owners = directory
        .expand(from)
        .finals.map((final) => directory.accountAt(final)?.account)
        .filter((account) => account !== undefined && directory.owns(account, from))
        .map((account) => account?.name);
      const text =
        owners.length === 0
          ? 'nobody may write from it'
          : `${owners.join(', ')} may write from it, logged in`;
      return { address, topic: 'author', text, because: '[aliases]' };
    }
    case 'unknown':
      return {
        address,
        topic: 'author',
        text: 'nobody may write from it',
        because: 'no account owns it',
      };
  }
}

/** The answers to RCPT. */
export async function explainVerdict(
  to: Mailbox,
  { account = 'author', reversePath }: RoutedSender,
  deps: VerdictDeps,
): Promise<readonly Decision[]> {
  const author = { protocol: 'esmtp', identity: { account, mechanism: 'PLAIN' } } as const;
  return [
    await verdict(to, reversePath, { who: 'from an author who logged in', ...author }, deps),
    await verdict(to, reversePath, { who: 'from a stranger', protocol: 'esmtp' }, deps),
  ];
}

async function verdict(
  to: Mailbox,
  from: ReversePath,
  sending: { readonly who: string } & Pick<TransferContext, 'identity' | 'protocol'>,
  { configuration, directory, routing, wayOut }: VerdictDeps,
): Promise<Decision> {
  const { who, ...how } = sending;
  const context: TransferContext = {
    ...how,
    peer: { address: STRANGER },
    greeting: '',
    arrivedAt: systemClock.now(),
    traceId: newTraceId(),
  };
  const relayNetworks = createNetworks(configuration.relay.trustedNetworks);
  const about = { address: displayMailbox(to), topic: 'verdict' } as const;
  try {
    // What is lost on the way is told under `meaning`.
    const deps = { directory, routing, relayNetworks, wayOut, logger: silentLogger };
    await admitRecipient(to, from, context, deps);
    return { ...about, text: `${who}: accepted`, because: 'no rule against it' };
  } catch (error) {
    if (!(error instanceof MailError)) throw error;
    const asks =
      error.code === 'no-such-mailbox' && configuration.relay.recipientCheck === 'delivery';
    const text = asks ? 'as the delivery agent says' : replyText(error.reply);
    return {
      ...about,
      text: `${who}: ${text}`,
      because: asks ? 'relay.recipient_check' : settingFor(error),
    };
  }
}

function settingFor({ code, fields }: MailError): string {
  if (typeof fields['setting'] === 'string') return fields['setting'];
  if (['no-such-domain', 'null-mx', 'route-to-self'].includes(code)) return 'DNS';
  if (code === 'relay-denied') return 'domains.own, relay.trusted_networks';
  return code === 'alias-loop' ? '[aliases]' : 'accounts, [aliases], domains.catch_all';
}

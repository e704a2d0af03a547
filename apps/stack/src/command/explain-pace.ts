/**
 * How much may go out by a route: the site, its limits, what the sender draws on, and, where
 * something runs or has left its queue, how much of it is used and what was learnt of the site.
 */
import type { Configuration } from '@posthouse/configuration';
import { displayMailbox, rateText } from '@posthouse/mail';
import type { Mailbox } from '@posthouse/mail';
import { connectControl } from '@posthouse/process';
import { createPaceRules, decideRoute } from '@posthouse/relay';
import type {
  RelayOptions,
  RoutedSender,
  RoutingTable,
  ShownRate,
  ShownSite,
  Sites,
} from '@posthouse/relay';
import type { Decision } from './explain-decision.ts';
import { siteText, usedText } from './queue-text.ts';

export interface PaceDeps {
  readonly configuration: Configuration;
  readonly relay: Pick<RelayOptions, 'sendingLimits'>;
  readonly routing: RoutingTable;
  readonly sites: Pick<Sites, 'of'>;
}

const SETTINGS = "relay.sending_limits, limits of the next hop, the provider's own";

export async function explainPace(
  final: Mailbox,
  sender: RoutedSender,
  { configuration, relay, routing, sites }: PaceDeps,
): Promise<readonly Decision[]> {
  const { route } = decideRoute(final, sender, routing);
  if (route.kind === 'delivery' || route.kind === 'off' || route.kind === 'sink') return [];
  const rules = createPaceRules(routing, relay.sendingLimits);
  const site = sites.of(route);
  const address = displayMailbox(final);
  const { maxAttempts } = rules.limitsOfSite(site);
  const most = [
    ...(maxAttempts === undefined ? [] : [`${maxAttempts} connections`]),
    ...rules.ratesOf(site).map(rateText),
  ];
  const limits = most.length === 0 ? 'no limit that is set' : most.join(', ');
  const decisions: Decision[] = [
    { address, topic: 'pace', text: `site ${site}: ${limits}`, because: SETTINGS },
  ];
  const running = configuration.server.stateDirectory;
  for await (const shown of ordered<ShownSite>(running, 'queue.sites', { site })) {
    const text = siteText(shown, Date.now());
    decisions.push({ address, topic: 'pace', text, because: 'what runs here' });
  }
  for (const key of rules.allowancesOf(sender)) {
    const rates = rules.ratesOf(key).map(rateText).join(', ');
    const used: string[] = [];
    for await (const shown of ordered<ShownRate>(running, 'queue.rates', { key })) {
      used.push(usedText(shown, Date.now()));
    }
    const text = `${key}: ${used.length === 0 ? rates : used.join(', ')}`;
    decisions.push({ address, topic: 'pace', text, because: 'relay.sending_limits' });
  }
  return decisions;
}

/** What a running relay answers; nothing where none runs, or it is of another version. */
async function* ordered<Item>(
  stateDirectory: string,
  verb: string,
  fields: Readonly<Record<string, unknown>>,
): AsyncGenerator<Item, void, void> {
  const running = await connectControl(stateDirectory);
  if (running === undefined) return;
  try {
    yield* running.order(verb, fields) as AsyncIterable<Item>; // of our own server
  } finally {
    running.close();
  }
}

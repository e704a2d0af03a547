/**
 * How much may go out in a time, by the configuration and by what providers document: which
 * allowances a message draws on, and what the rates of each are. Pure.
 *
 * A route with several hosts has the tightest number of any of them, so that whichever takes the
 * mail gets no more than it allows.
 */
import { isAddressLiteral, NULL_PATH } from '@posthouse/mail';
import type { Rate } from '@posthouse/mail';
import { limitsOf } from '@posthouse/providers';
import type { AllowanceKey, SiteLimits } from '@posthouse/queue';
import type { OutboundRoute, RouteHost, RoutedSender, RoutingTable } from './route.ts';
import { siteOfHosts } from './sites.ts';

/** Limits of a host or of whoever shares it; what is absent is not limited. */
export interface HostLimits {
  readonly rates?: readonly Rate[];
  readonly maxConnections?: number;
  readonly maxMessagesPerConnection?: number;
  /** Recipients of one transaction. */
  readonly maxRecipients?: number;
}

/** What the configuration says of accounts, tenants and sites. */
export interface SendingLimits {
  readonly eachAccount?: readonly Rate[];
  readonly accounts?: Readonly<Record<string, readonly Rate[]>>;
  readonly eachTenant?: readonly Rate[];
  readonly tenants?: Readonly<Record<string, readonly Rate[]>>;
  /** By domain, or by a provider of mailboxes. */
  readonly sites?: Readonly<Record<string, HostLimits>>;
}

/** The limits that are valid now. */
export interface PaceRules {
  /** What the sender's mail draws on beside the site's own; those without rates are left out. */
  allowancesOf(sender: RoutedSender): readonly AllowanceKey[];
  ratesOf(key: AllowanceKey): readonly Rate[];
  limitsOfSite(site: string): SiteLimits;
  maxRecipientsOf(site: string): number | undefined;
}

const NO_RATES: readonly Rate[] = [];
const NO_KEYS: readonly AllowanceKey[] = [];
const ACCOUNT = 'account ';
const TENANT = 'tenant ';

/** The rules of a table of routes and the limits that are set. */
export function createPaceRules(
  table: Omit<RoutingTable, 'isOwnDomain'>,
  limits: SendingLimits = {},
): PaceRules {
  const sites = siteLimits(table, limits);
  const { accounts = {}, eachAccount = NO_RATES, eachTenant = NO_RATES, tenants = {} } = limits;
  const own = (of: Readonly<Record<string, readonly Rate[]>>, key: string) =>
    Object.hasOwn(of, key) ? of[key] : undefined;
  const accountRates = (account: string) => own(accounts, account) ?? eachAccount;
  const tenantRates = (tenant: string) => own(tenants, tenant) ?? eachTenant;
  const anySender =
    eachAccount.length + eachTenant.length > 0 ||
    Object.keys(accounts).length + Object.keys(tenants).length > 0;
  return {
    allowancesOf(sender) {
      if (!anySender) return NO_KEYS;
      const { account } = sender;
      const tenant = tenantOf(sender);
      return [
        ...(account !== undefined && accountRates(account).length > 0 ? [ACCOUNT + account] : []),
        ...(tenant !== undefined && tenantRates(tenant).length > 0 ? [TENANT + tenant] : []),
      ];
    },
    ratesOf(key) {
      if (key.startsWith(ACCOUNT)) return accountRates(key.slice(ACCOUNT.length));
      if (key.startsWith(TENANT)) return tenantRates(key.slice(TENANT.length));
      return sites.get(key)?.rates ?? NO_RATES;
    },
    limitsOfSite(site) {
      const maxAttempts = sites.get(site)?.maxConnections;
      return maxAttempts === undefined ? {} : { maxAttempts };
    },
    maxRecipientsOf(site) {
      const found = sites.get(site);
      if (found === undefined) return undefined;
      const { maxRecipients = Infinity, rates = NO_RATES } = found;
      const ofRates = rates.filter(({ of }) => of === 'recipients').map(({ count }) => count);
      const most = Math.min(maxRecipients, ...ofRates);
      return Number.isFinite(most) ? most : undefined;
    },
  };
}

/** What a host of the configuration allows: as it is set, else as its provider documents. */
export function limitsOfHost({ authentication, limits, provider }: RouteHost): HostLimits {
  const documented = provider && limitsOf(provider, authentication?.user);
  const { rates: set = NO_RATES, ...others } = limits ?? {};
  const kept = (documented?.rates ?? NO_RATES).filter(
    (rate) => !set.some(({ of, perMs }) => of === rate.of && perMs === rate.perMs),
  );
  const { maxConnections, maxMessagesPerConnection, maxRecipients } = documented ?? {};
  return {
    ...(maxConnections !== undefined && { maxConnections }),
    ...(maxMessagesPerConnection !== undefined && { maxMessagesPerConnection }),
    ...(maxRecipients !== undefined && { maxRecipients }),
    ...others,
    rates: [...set, ...kept],
  };
}

function siteLimits(
  { accountRoutes, outbound, routes, senderRoutes }: Omit<RoutingTable, 'isOwnDomain'>,
  { sites = {} }: SendingLimits,
): ReadonlyMap<string, HostLimits> {
  const all = new Map<string, HostLimits>();
  for (const [key, limits] of Object.entries(sites)) {
    all.set(key.includes('.') ? `mx:${key}` : key, limits);
  }
  const named: readonly OutboundRoute[] = [
    ...routes.values(),
    ...accountRoutes.values(),
    ...senderRoutes.values(),
    outbound,
  ];
  for (const route of named) {
    if (route.kind !== 'hosts') continue;
    all.set(siteOfHosts(route), route.hosts.map(limitsOfHost).reduce(tighter, {}));
  }
  return all;
}

function tighter(a: HostLimits, b: HostLimits): HostLimits {
  const least = (key: 'maxConnections' | 'maxMessagesPerConnection' | 'maxRecipients') => {
    const value = Math.min(a[key] ?? Infinity, b[key] ?? Infinity);
    return Number.isFinite(value) ? { [key]: value } : {};
  };
  return {
    ...least('maxConnections'),
    ...least('maxMessagesPerConnection'),
    ...least('maxRecipients'),
    rates: tightest([...(a.rates ?? NO_RATES), ...(b.rates ?? NO_RATES)]),
  };
}

function tightest(rates: readonly Rate[]): readonly Rate[] {
  const least = new Map<string, Rate>();
  for (const rate of rates) {
    const key = `${rate.of} ${rate.perMs}`;
    const known = least.get(key);
    if (known === undefined || rate.count < known.count) least.set(key, rate);
  }
  return [...least.values()];
}

/** The domain of the account; of the reverse-path where nobody logged in. */
function tenantOf({ account, reversePath }: RoutedSender): string | undefined {
  if (account !== undefined) return account.slice(account.lastIndexOf('@') + 1).toLowerCase();
  if (reversePath === NULL_PATH || isAddressLiteral(reversePath.domain)) return undefined;
  return reversePath.domain;
}

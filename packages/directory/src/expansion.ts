/**
 * Expanding aliases, lists and catch-all to the addresses where mail ends up. Pure.
 *
 * Every alias is expanded once, however often it is met; an address that stands in its
 * own expansion ends there (a loop); depth and number of the final addresses are
 * limited. What is lost on the way is reported and takes nothing else with it. An alias
 * that names itself means the account of that name: so an account keeps its own copy.
 *
 * RFC 5321 §3.9 (aliases and lists), §6.3 (loops).
 */
import { formatMailbox, mailboxKey } from '@posthouse/mail';
import type { Mailbox } from '@posthouse/mail';
import { resolveAddress } from './resolution.ts';
import type { AliasMatch, Knowledge } from './resolution.ts';

/** Why an address did not become a final one. */
export type LossReason = 'unknown' | 'loop' | 'too-deep' | 'too-many';

/** Where the mail for an address ends up. */
export interface Expansion {
  /** Mailboxes of accounts and addresses of other domains, each once, in the order they were met. */
  readonly finals: readonly Mailbox[];
  /** Addresses that lead nowhere. */
  readonly lost: readonly { readonly address: Mailbox; readonly reason: LossReason }[];
  /** Who is told of failures, where the address is a list with an owner. */
  readonly owner?: Mailbox;
}

export interface ExpansionOptions {
  /** False: an address that only the catch-all would take is lost as unknown. @default true */
  readonly catchAll?: boolean | undefined;
}

const MAX_DEPTH = 20;
const MAX_FINALS = 10_000;

/** Expands one address, an own one or not. */
export function expandAddress(
  address: Mailbox,
  knowledge: Knowledge,
  options: ExpansionOptions = {},
): Expansion {
  const finals = new Map<string, Mailbox>();
  const lost = new Map<string, { address: Mailbox; reason: LossReason }>();
  const expanded = new Set<string>();
  const isOwn = (target: Mailbox): boolean => knowledge.book.domains.has(target.domain);
  const lose = (target: Mailbox, reason: LossReason): void => {
    lost.set(`${reason} ${formatMailbox(target)}`, { address: target, reason });
  };
  const arrive = (target: Mailbox): void => {
    const key = isOwn(target) ? mailboxKey(target) : formatMailbox(target);
    if (finals.has(key)) return;
    if (finals.size < MAX_FINALS) finals.set(key, target);
    else lose(target, 'too-many');
  };

  /** `path`: the aliases that led here. */
  function follow(target: Mailbox, path: readonly string[]): void {
    if (!isOwn(target)) return arrive(target);
    const resolution = resolveAddress(target, knowledge);
    if (resolution.kind === 'unknown') return lose(target, 'unknown');
    if (resolution.kind === 'account') return arrive(target);
    if (resolution.by === 'catch-all' && options.catchAll === false) return lose(target, 'unknown');
    const key = mailboxKey(resolution.alias);
    if (path.includes(key)) {
      return keepsCopy(resolution, knowledge) ? undefined : lose(target, 'loop');
    }
    if (expanded.has(key)) return undefined;
    if (path.length >= MAX_DEPTH) return lose(target, 'too-deep');
    expanded.add(key);
    if (keepsCopy(resolution, knowledge)) arrive(target);
    const others = resolution.targets.filter((next) => !namesItself(next, resolution, knowledge));
    for (const next of others) follow(next, [...path, key]);
    return undefined;
  }

  follow(address, []);
  const first = resolveAddress(address, knowledge);
  const result = { finals: [...finals.values()], lost: [...lost.values()] };
  return first.kind === 'alias' && first.owner !== undefined
    ? { ...result, owner: first.owner }
    : result;
}

/** Whether the alias names the account of its own name among its targets. */
function keepsCopy(resolution: AliasMatch, knowledge: Knowledge): boolean {
  return resolution.targets.some((target) => namesItself(target, resolution, knowledge));
}

function namesItself(target: Mailbox, resolution: AliasMatch, knowledge: Knowledge): boolean {
  const key = mailboxKey(resolution.alias);
  return mailboxKey(target) === key && knowledge.account(key) !== undefined;
}

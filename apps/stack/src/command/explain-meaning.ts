/** What an address of our own means, step by step: aliases, accounts, the catch-all. */
import type { Configuration } from '@posthouse/configuration';
import type { Directory, Resolution } from '@posthouse/directory';
import { displayMailbox, formatMailbox, mailboxKey } from '@posthouse/mail';
import type { Mailbox } from '@posthouse/mail';
import type { Decision } from './explain-decision.ts';

export interface MeaningDeps {
  readonly configuration: Configuration;
  readonly directory: Pick<Directory, 'expand' | 'isOwnDomain' | 'resolve'>;
}

/** Each step once, however often an address is met; then what is lost. */
export function explainMeaning(address: Mailbox, deps: MeaningDeps): readonly Decision[] {
  const { directory } = deps;
  const decisions: Decision[] = [];
  const seen = new Set<string>();
  const follow = (target: Mailbox): void => {
    const key = mailboxKey(target);
    if (seen.has(key) || !directory.isOwnDomain(target.domain)) return;
    seen.add(key);
    const resolution = directory.resolve(target);
    decisions.push(meaningOf(target, resolution, deps.configuration));
    if (resolution.kind === 'alias') for (const next of resolution.targets) follow(next);
  };
  follow(address);
  const { lost, owner } = directory.expand(address);
  for (const loss of lost) {
    if (loss.reason === 'unknown') continue; // told above
    decisions.push({
      address: displayMailbox(loss.address),
      topic: 'recipient',
      text: `leads nowhere: ${loss.reason}`,
      because: '[aliases]',
    });
  }
  if (owner !== undefined) {
    const text = `failures are told to ${displayMailbox(owner)}`;
    decisions.push({
      address: displayMailbox(address),
      topic: 'meaning',
      text,
      because: '[aliases] owner',
    });
  }
  return decisions;
}

function meaningOf(
  target: Mailbox,
  resolution: Resolution,
  configuration: Configuration,
): Decision {
  const { directory, relay } = configuration;
  const address = displayMailbox(target);
  switch (resolution.kind) {
    case 'unknown': {
      const asks = relay.recipientCheck === 'delivery';
      return {
        address,
        topic: 'recipient',
        text: asks ? 'not known here: the delivery agent is asked' : 'there is no such mailbox',
        because: asks ? 'relay.recipient_check = "delivery"' : directory.accountsFile,
      };
    }
    case 'account': {
      const { account, detail } = resolution;
      const folder = detail === undefined ? '' : `, with the detail "${detail}"`;
      const separator = detail === undefined ? '' : ', domains.plus_separator';
      return {
        address,
        topic: 'meaning',
        text: `the account ${account.name}${folder}`,
        because: `${directory.accountsFile}${separator}`,
      };
    }
    case 'alias': {
      const targets = resolution.targets.map((next) => displayMailbox(next)).join(', ');
      return {
        address,
        topic: 'meaning',
        text: `stands for ${targets}`,
        because: settingOf(resolution, target, configuration),
      };
    }
  }
}

function settingOf(
  { alias, by }: Extract<Resolution, { kind: 'alias' }>,
  target: Mailbox,
  { directory }: Configuration,
): string {
  switch (by) {
    case 'alias':
      return `aliases."${formatMailbox(alias)}"`;
    case 'catch-all':
      return `domains.catch_all."${target.domain}"`;
    case 'postmaster':
      return directory.postmaster === undefined
        ? `first account of ${directory.accountsFile}; set domains.postmaster to change it`
        : 'domains.postmaster';
  }
}

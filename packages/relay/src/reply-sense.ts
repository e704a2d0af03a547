/**
 * What a host's replies mean, by what its provider's pages say. Pure.
 *
 * A reply that is about us and not about the message (a limit, a login, a blocked account) delays
 * its recipients and lets the host rest, whatever its code: their mail is never failed for it.
 */
import type { Delayed, RecipientOutcome } from '@posthouse/mail';
import { mailboxProviderOfHost, meaningOfReply } from '@posthouse/providers';
import type { ReplyMeaning, ReplyRule, ReplyTopic } from '@posthouse/providers';
import type { NextHost } from './next-hosts.ts';

/** Less at a time helps against these. */
const OVERLOAD: ReadonlySet<ReplyTopic> = new Set<ReplyTopic>(['connections', 'quota', 'rate']);

/** The outcomes of an attempt at a host as its provider means them. */
export function senseOf(
  host: Pick<NextHost, 'name' | 'setting'>,
  outcomes: readonly RecipientOutcome[],
): readonly RecipientOutcome[] {
  const { provider } = host.setting ?? {};
  const mailboxes = provider === undefined ? mailboxProviderOfHost(host.name) : undefined;
  const rules: readonly ReplyRule[] = provider?.replies ?? mailboxes?.replies ?? [];
  return outcomes.map((outcome) => {
    if (outcome.kind !== 'delayed' && outcome.kind !== 'failed') return outcome;
    const meaning = outcome.reply && meaningOfReply(outcome.reply, rules);
    return meaning === undefined ? outcome : delayedBy(meaning, outcome);
  });
}

function delayedBy(
  { about, advice, restMs }: ReplyMeaning,
  outcome: Extract<RecipientOutcome, { kind: 'delayed' | 'failed' }>,
): Delayed {
  const { host, reason, reply, status, tls } = outcome;
  return {
    kind: 'delayed',
    status: { ...status, class: 4 },
    reason: `${advice} (${reason})`,
    scope: 'host',
    ...(OVERLOAD.has(about) ? { overload: true } : {}),
    ...(restMs === undefined ? {} : { restMs }),
    ...(reply && { reply }),
    ...(host && { host }),
    ...(tls && { tls }),
    ...(outcome.kind === 'delayed' && outcome.inDoubt === true ? { inDoubt: true } : {}),
  };
}

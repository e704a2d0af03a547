/**
 * What a connection counts for in the report of a domain. Pure.
 *
 * Only what was decided by what domains publish is reported: of mail under a rule of ours,
 * or whose author asked for more or less, its policy says nothing. A domain whose MTA-STS
 * policy cannot be had is told so with every session.
 */
import { isAddressLiteral, plainAddress } from '@posthouse/mail';
import { matchesHost } from '../host-name.ts';
import type { PolicyFacts } from '../policy.ts';
import type { Decided, TlsExperience } from '../transport-security.ts';
import { reportedPolicyOf } from './reported-policy.ts';
import type { CountedSession, FailureDetail } from './tally.ts';

/** A session for the tally; `undefined` where there is nothing to report. */
export function countedSession(
  { destination, facts }: Decided,
  experience: TlsExperience,
): CountedSession | undefined {
  const { domain, host } = destination;
  if (facts.rule !== undefined || facts.wish !== 'ordinary' || isAddressLiteral(domain)) {
    return undefined;
  }
  const fault = experience.fault ?? stsFault(facts);
  const policy = reportedPolicyOf(facts);
  if (fault === undefined) return { domain, policy };
  const { address } = experience.host;
  const { localAddress } = experience;
  const failure: FailureDetail = {
    result: fault.kind,
    mxHost: host,
    ...(address !== undefined && { receivingIp: plainAddress(address) }),
    ...(localAddress !== undefined && { sendingIp: plainAddress(localAddress) }),
    reason: fault.reason,
  };
  return { domain, policy, failure };
}

/** What is wrong by MTA-STS although mail may go: no policy to be had, or one in testing without the host. */
function stsFault({ dane, host, sts }: PolicyFacts): TlsExperience['fault'] {
  if (sts.kind === 'failed') return { kind: sts.fault, reason: sts.because };
  if (dane.kind !== 'none' || sts.kind !== 'policy' || sts.policy.mode !== 'testing') {
    return undefined;
  }
  return sts.policy.mx.some((pattern) => matchesHost(pattern, host))
    ? undefined
    : { kind: 'validation-failure', reason: 'the policy does not name the host' };
}

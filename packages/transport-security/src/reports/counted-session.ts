/**
 * What a connection counts for in the report of a domain. Pure.
 *
 * Only what was decided by what domains publish is reported: of mail under a rule of ours,
 * or whose author asked for more or less, its policy says nothing. A domain whose MTA-STS
 * policy cannot be had is told so with every session.
 */
import { isAddressLiteral, plainAddress } from '@posthouse/mail';
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
  const fault = experience.fault ?? stsFault(facts.sts);
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

function stsFault(sts: Decided['facts']['sts']): TlsExperience['fault'] {
  return sts.kind === 'failed' ? { kind: sts.fault, reason: sts.because } : undefined;
}

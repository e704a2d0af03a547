/** What is counted of TLS, as an order: see `queue-verbs.ts` for the shape of verbs. */
import type { TransportSecurity } from '@posthouse/transport-security';
import type { QueueVerb } from './queue-verbs.ts';

/** Makes the verbs. */
export function createTlsVerbs(
  security: Pick<TransportSecurity, 'tally'>,
): Readonly<Record<string, QueueVerb>> {
  return {
    async *'tls.tally'() {
      yield* security.tally();
    },
  };
}

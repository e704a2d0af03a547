/**
 * One question to the servers, in rounds, until one of them gives a response that
 * says something about the name.
 *
 * Silence is asked again in the next round, with twice the patience; a server that
 * refused or failed is not asked again for this question. SERVFAIL is an opinion
 * about the name and costs the server nothing; not answering, or refusing to work
 * for us, sends it to rest. A server that does not know EDNS is asked again in
 * plain DNS, this once: to remember it would let one forged packet turn DNSSEC off.
 *
 * RFC 1035 §4.1.1 (rcode), RFC 6891 §6.2.2 and §7 (servers without EDNS).
 */
import { isLoopback } from '@posthouse/mail';
import type { Clock, Logger } from '@posthouse/mail';
import { isReferral } from './chain.ts';
import { DnsError } from './error.ts';
import { exchange } from './exchange.ts';
import type { Question, Response } from './packet.ts';
import { formatServer } from './server-list.ts';
import type { Server, ServerList } from './server-list.ts';
import type { ResolvedOptions } from './options.ts';

/** A response that says something about the name: rcode 0 or 3, and no referral. */
export interface UsefulResponse {
  readonly response: Response;
  /** The AD bit, where it is to be believed. */
  readonly secure: boolean;
}

/** Asks the servers one question. @throws DnsError, or the signal's reason */
export type Asker = (question: Question, signal: AbortSignal) => Promise<UsefulResponse>;

/** What an asker works with. */
export interface AskerDeps {
  readonly servers: ServerList;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Makes the asker of one resolver. */
export function createAsker(options: ResolvedOptions, deps: AskerDeps): Asker {
  return async (question, signal) => {
    const outOfThis = new Set<string>();
    let failure: DnsError | undefined;
    for (let round = 0; round < options.attempts; round++) {
      const timeoutMs = options.timeoutMs * 2 ** round;
      for (const server of deps.servers.inOrder()) {
        if (outOfThis.has(formatServer(server))) continue;
        try {
          const response = await askServer(question, server, { ...deps, timeoutMs, signal });
          deps.servers.wake(server);
          return { response, secure: response.authentic && isBelieved(options, server) };
        } catch (thrown) {
          if (signal.aborted || !(thrown instanceof DnsError)) throw thrown;
          if (thrown.kind !== 'timeout') outOfThis.add(formatServer(server));
          if (!(thrown instanceof ServerSays) || thrown.aboutItself)
            restServer(server, thrown, deps);
          // What a server said tells more than another's silence.
          failure = failure === undefined || failure.kind === 'timeout' ? thrown : failure;
        }
      }
    }
    throw new DnsError(
      failure?.kind ?? 'server-failure',
      `${question.type} of ${question.name}: ${failure?.message ?? 'no DNS server is known'}`,
      failure,
    );
  };
}

/** A server's own words against the question. */
class ServerSays extends DnsError {
  readonly aboutItself: boolean;

  constructor(text: string, aboutItself: boolean) {
    super('server-failure', text);
    this.aboutItself = aboutItself;
  }
}

interface Patience {
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

async function askServer(
  question: Question,
  server: Server,
  patience: Patience,
): Promise<Response> {
  const timeout = new AbortController();
  const timer = patience.clock.after(patience.timeoutMs, () => {
    timeout.abort(new DnsError('timeout', `${formatServer(server)}: no answer in time`));
  });
  try {
    const signal = AbortSignal.any([patience.signal, timeout.signal]);
    let response = await exchange(question, server, { edns: true, signal });
    if (NO_EDNS.has(response.rcode)) {
      response = await exchange(question, server, { edns: false, signal });
    }
    return requireUseful(response, server);
  } finally {
    timer.cancel();
  }
}

const FORMAT_ERROR = 1;
const SERVER_FAILURE = 2;
const NO_SUCH_DOMAIN = 3;
const NOT_IMPLEMENTED = 4;
const BAD_VERSION = 16;
const NO_EDNS: ReadonlySet<number> = new Set([FORMAT_ERROR, NOT_IMPLEMENTED, BAD_VERSION]);

function requireUseful(response: Response, server: Server): Response {
  const { rcode } = response;
  if (rcode !== 0 && rcode !== NO_SUCH_DOMAIN) {
    const words = rcode === SERVER_FAILURE ? 'SERVFAIL' : `rcode ${rcode}`;
    throw new ServerSays(`${formatServer(server)}: ${words}`, rcode !== SERVER_FAILURE);
  }
  if (isReferral(response)) {
    throw new ServerSays(`${formatServer(server)}: does not resolve for us`, true);
  }
  return response;
}

function isBelieved(options: ResolvedOptions, server: Server): boolean {
  switch (options.trustAuthenticData) {
    case 'always':
      return true;
    case 'never':
      return false;
    case 'loopback':
      return isLoopback(server.address); // nobody on the way could change it
  }
}

function restServer(server: Server, reason: DnsError, deps: AskerDeps): void {
  if (!deps.servers.rest(server)) return;
  deps.logger.warn(
    { event: 'dns-server-rests', server: formatServer(server), reason: reason.message },
    'a DNS server did not answer and is asked last for a while',
  );
}

/**
 * Which servers to ask, and in which order.
 *
 * Servers are asked in the order given. One that did not answer rests: it is asked
 * after all others until its rest is over, so that a dead first server does not
 * slow down every lookup. The system's list is read again now and then, because
 * networks come and go under a running process.
 */
import { Resolver as SystemResolver } from 'node:dns';
import { isIP, isIPv6 } from 'node:net';
import type { Clock } from '@posthouse/mail';

/** Where a server listens, for UDP and TCP. */
export interface Server {
  readonly address: string;
  readonly port: number;
}

const DNS_PORT = 53;
const SYSTEM_LIST_AGE_MS = 30_000;

/** Reads `192.0.2.53`, `192.0.2.53:5300`, `2001:db8::53` or `[2001:db8::53]:5300`. @throws RangeError */
function parseServer(text: string): Server {
  const match =
    /^\[(?<six>[^\]]+)\](?::(?<sixPort>\d+))?$|^(?<four>[\d.]+)(?::(?<fourPort>\d+))?$/.exec(text);
  const address = match?.groups?.['six'] ?? match?.groups?.['four'] ?? text;
  const port = Number(match?.groups?.['sixPort'] ?? match?.groups?.['fourPort'] ?? DNS_PORT);
  const bracketed = text.startsWith('[');
  if (
    isIP(address) === 0 ||
    bracketed !== (bracketed && isIPv6(address)) ||
    port < 1 ||
    port > 65_535
  ) {
    throw new RangeError(`not the address of a DNS server: ${JSON.stringify(text)}`);
  }
  return { address, port };
}

/** `address:port`, with brackets around an IPv6 address. */
export function formatServer(server: Server): string {
  return isIPv6(server.address)
    ? `[${server.address}]:${server.port}`
    : `${server.address}:${server.port}`;
}

/** The servers of one resolver. */
export class ServerList {
  readonly #clock: Clock;
  readonly #restMs: number;
  /** Absent: the system's. */
  readonly #fixed: readonly Server[] | undefined;
  readonly #restsUntil = new Map<string, number>();
  #system: { readonly servers: readonly Server[]; readonly readAt: number } | undefined;

  constructor(servers: readonly string[] | undefined, restMs: number, clock: Clock) {
    this.#fixed = servers?.map(parseServer);
    if (this.#fixed?.length === 0) throw new RangeError('servers must name at least one server');
    this.#restMs = restMs;
    this.#clock = clock;
  }

  /** All servers: those at work in their order, then those that rest. */
  inOrder(): readonly Server[] {
    const now = this.#clock.now();
    const rests = (server: Server): boolean =>
      (this.#restsUntil.get(formatServer(server)) ?? 0) > now;
    const all = this.#fixed ?? this.#systemServers(now);
    return [...all.filter((server) => !rests(server)), ...all.filter(rests)];
  }

  /** Sends a server to rest; true if it was at work. */
  rest(server: Server): boolean {
    const now = this.#clock.now();
    const key = formatServer(server);
    const wasAtWork = (this.#restsUntil.get(key) ?? 0) <= now;
    this.#restsUntil.set(key, now + this.#restMs);
    return wasAtWork;
  }

  /** The server has answered. */
  wake(server: Server): void {
    this.#restsUntil.delete(formatServer(server));
  }

  #systemServers(now: number): readonly Server[] {
    if (this.#system === undefined || now - this.#system.readAt >= SYSTEM_LIST_AGE_MS) {
      // A new object reads the system's configuration anew; the module's own list never changes.
      const servers = new SystemResolver().getServers().map(parseServer);
      this.#system = { servers, readAt: now };
      this.#restsUntil.clear();
    }
    return this.#system.servers;
  }
}

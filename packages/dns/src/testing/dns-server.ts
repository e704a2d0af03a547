/**
 * A DNS server for tests: real sockets on loopback, UDP and TCP on one port, a zone
 * literal, and faults by name.
 *
 * It keeps a list of what it was asked and by which way, and tests wait for a
 * question instead of for time. Queries it cannot read are passed over. After a
 * stop it starts again on the port it had.
 */
import { createSocket } from 'node:dgram';
import type { Socket as UdpSocket } from 'node:dgram';
import { createServer } from 'node:net';
import type { Server as TcpServer, Socket as TcpSocket } from 'node:net';
import { once } from 'node:events';
import { decode } from 'dns-packet';
import type { DecodedPacket, OptAnswer } from 'dns-packet';
import type { Startable } from '@posthouse/mail';
import { respond } from './respond.ts';
import type { Fault } from './respond.ts';
import type { Zone } from './zone.ts';

/** One question that came in. */
export interface AskedQuestion {
  readonly name: string;
  readonly type: string;
  readonly transport: 'udp' | 'tcp';
  readonly id: number;
  /** The asker's port. */
  readonly port: number;
  readonly edns: boolean;
  /** The DO bit. */
  readonly dnssecOk: boolean;
}

/** A DNS server in a test's hands. */
export interface TestDnsServer extends Startable {
  /** `127.0.0.1:port`, as the resolver's option `servers` takes it. @throws Error before start */
  readonly address: string;
  /** Every question so far; a test may take them out. */
  readonly asked: AskedQuestion[];
  /** Resolves with the nth question (from 0), at once where it was asked already. */
  question(index: number): Promise<AskedQuestion>;
  /** Replaces all records. */
  serve(zone: Zone): void;
  /** Sets the fault of a name, or of every name with `*`; without a fault all is well again. */
  fail(name: string, fault?: Fault): void;
  /** Sends the answers that were held back and holds no more; of one name, or of all. */
  release(name?: string): void;
}

/**
 * Makes a DNS server that answers from the zone.
 * @example
 * const server = createDnsServer({ 'example.test': { mx: [[10, 'mx.example.test']] } });
 * await server.start();
 * const resolver = createResolver({ servers: [server.address] }, { clock, logger });
 */
export function createDnsServer(
  zone: Zone,
  faults: Readonly<Record<string, Fault>> = {},
): TestDnsServer {
  return new LoopbackDnsServer(zone, faults);
}

interface Arrival {
  readonly packet: Buffer;
  readonly transport: 'udp' | 'tcp';
  readonly port: number;
  readonly send: (octets: Buffer) => void;
}

const HOST = '127.0.0.1';

class LoopbackDnsServer implements TestDnsServer {
  readonly asked: AskedQuestion[] = [];
  #zone: Zone;
  readonly #faults: Map<string, Fault>;
  readonly #waiting = new Map<number, ((question: AskedQuestion) => void)[]>();
  #held: { readonly name: string; readonly answer: () => void }[] = [];
  readonly #connections = new Set<TcpSocket>();
  #sockets: { readonly udp: UdpSocket; readonly tcp: TcpServer } | undefined;
  #port = 0;

  constructor(zone: Zone, faults: Readonly<Record<string, Fault>>) {
    this.#zone = zone;
    this.#faults = new Map(Object.entries(faults));
  }

  get address(): string {
    if (this.#port === 0) throw new Error('the DNS server has not been started');
    return `${HOST}:${this.#port}`;
  }

  async start(): Promise<void> {
    // UDP takes the port that TCP was given; in the rare case that it is taken, another is tried.
    for (let attempt = 0; this.#sockets === undefined; attempt++) {
      const tcp = createServer((socket) => this.#talk(socket));
      tcp.listen(this.#port, HOST);
      await once(tcp, 'listening');
      const bound = tcp.address();
      const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
      const udp = createSocket('udp4');
      try {
        udp.bind(port, HOST);
        await once(udp, 'listening');
      } catch (cause) {
        tcp.close();
        if (attempt === 9 || this.#port !== 0) throw cause;
        continue;
      }
      udp.on('message', (packet, from) => {
        const send = (octets: Buffer): void => this.#sendUdp(octets, from.port);
        this.#receive({ packet, transport: 'udp', port: from.port, send });
      });
      this.#port = port;
      this.#sockets = { udp, tcp };
    }
  }

  async stop(): Promise<void> {
    const sockets = this.#sockets;
    if (sockets === undefined) return;
    this.#sockets = undefined;
    this.#held = [];
    for (const connection of this.#connections) connection.destroy();
    const closed = [once(sockets.udp, 'close'), once(sockets.tcp, 'close')];
    sockets.udp.close();
    sockets.tcp.close();
    await Promise.all(closed);
  }

  question(index: number): Promise<AskedQuestion> {
    const { promise, resolve } = Promise.withResolvers<AskedQuestion>();
    const already = this.asked[index];
    if (already !== undefined) resolve(already);
    else this.#waiting.set(index, [...(this.#waiting.get(index) ?? []), resolve]);
    return promise;
  }

  serve(zone: Zone): void {
    this.#zone = zone;
  }

  fail(name: string, fault?: Fault): void {
    if (fault === undefined) this.#faults.delete(name);
    else this.#faults.set(name, fault);
  }

  release(name?: string): void {
    const isMeant = (held: string): boolean => name === undefined || name === held;
    for (const [key, fault] of this.#faults) {
      if (fault === 'hold' && isMeant(key)) this.#faults.delete(key);
    }
    const released = this.#held.filter((held) => isMeant(held.name));
    this.#held = this.#held.filter((held) => !isMeant(held.name));
    for (const { answer } of released) answer();
  }

  #talk(socket: TcpSocket): void {
    this.#connections.add(socket);
    socket.on('close', () => this.#connections.delete(socket));
    socket.on('error', () => socket.destroy()); // the asker went away
    let received: Buffer = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
        const end = 2 + received.readUInt16BE(0);
        const packet = received.subarray(2, end);
        received = received.subarray(end);
        const send = (octets: Buffer): void => void socket.write(framed(octets));
        this.#receive({ packet, transport: 'tcp', port: socket.remotePort ?? 0, send });
      }
    });
  }

  #receive(arrival: Arrival): void {
    const query = decodeSafely(arrival.packet);
    const question = query?.questions?.[0];
    if (query === undefined || question === undefined || query.flag_qr) return;
    const name = question.name.toLowerCase();
    const opt = query.additionals?.find((record): record is OptAnswer => record.type === 'OPT');
    this.#note({
      name,
      type: question.type,
      transport: arrival.transport,
      id: query.id ?? 0,
      port: arrival.port,
      edns: opt !== undefined,
      dnssecOk: opt?.flag_do ?? false,
    });
    const fault = this.#faults.get(name) ?? this.#faults.get('*');
    const answer = (): void => {
      for (const octets of respond(this.#zone, query, arrival.transport, fault)) {
        arrival.send(octets);
      }
    };
    if (fault === 'hold') this.#held.push({ name, answer });
    else answer();
  }

  #note(question: AskedQuestion): void {
    const index = this.asked.push(question) - 1;
    for (const resolve of this.#waiting.get(index) ?? []) resolve(question);
    this.#waiting.delete(index);
  }

  #sendUdp(octets: Buffer, port: number): void {
    this.#sockets?.udp.send(octets, port, HOST, () => undefined); // the asker may be gone
  }
}

function framed(octets: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(octets.length);
  return Buffer.concat([length, octets]);
}

function decodeSafely(packet: Buffer): DecodedPacket | undefined {
  try {
    return decode(packet);
  } catch {
    return undefined;
  }
}

/**
 * From an open connection to a session that may send mail: greeting, EHLO or LHLO,
 * STARTTLS and AUTH, done by nodemailer's SMTPConnection; then its socket is taken over.
 *
 * The replies are read from nodemailer's transaction log, which is public and masks
 * secrets. Taking over removes its listeners, which are internals: the version is pinned,
 * `takeOver` checks that they are there, and a contract test walks through every way in.
 * Any refusal here is transient and about the host; what fails destroys the socket.
 *
 * RFC 5321 §3.1, §3.2; RFC 3207; RFC 4954; RFC 2033 §4.1.
 */
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { asMailError, isPositive, refuse } from '@posthouse/mail';
import type { Clock, MailError, RemoteHost, Reply, TlsFacts } from '@posthouse/mail';
import type NodemailerConnection from 'nodemailer/lib/smtp-connection';
import type { SMTPConnectionAuth, SMTPConnectionOptions } from 'nodemailer/lib/smtp-connection';
import { nameOfTarget } from './connect-target.ts';
import type {
  ConnectTarget,
  PeerIdentity,
  PeerVerdict,
  TargetAuthentication,
} from './connect-target.ts';
import { tlsFacts, tlsOptions } from './dial.ts';
import type { Dialled } from './dial.ts';
import { detach } from './nodemailer-socket.ts';
import { SMTPConnection } from './nodemailer.ts';
import { PASSWORD_MECHANISMS, TOKEN_MECHANISMS, TOKEN_METHOD, tokenHandler } from './login.ts';
import { MovingDeadline } from './moving-deadline.ts';
import { peerCertificates } from './peer-certificates.ts';
import { NO_OFFERS, readOffers } from './offers.ts';
import type { PeerOffers } from './offers.ts';
import { sessionRefusal } from './peer-reply.ts';
import type { SessionRefusal } from './peer-reply.ts';
import { ReplyReader } from './reply-reader.ts';
import type { OutboundTimeouts } from './timeouts.ts';
import { tellLogin, tellNoise, tellReply, tellTls } from './transcript.ts';
import type { OnLine } from './transcript.ts';

/** A session that is ready for MAIL. */
export interface Established {
  readonly socket: Socket;
  readonly host: RemoteHost;
  readonly offers: PeerOffers;
  readonly tls?: TlsFacts;
  /** Where somebody judged. */
  readonly verdict?: PeerVerdict;
  readonly authenticated: boolean;
}

export interface HandshakeOptions {
  readonly target: ConnectTarget;
  readonly timeouts: OutboundTimeouts;
  /** Whether STARTTLS may be used at all this time. */
  readonly startTls: boolean;
  readonly onLine?: OnLine | undefined;
}

type Phase = 'greeting' | 'ehlo' | 'starttls' | 'auth';

const REFUSALS: Readonly<Record<Phase, SessionRefusal>> = {
  greeting: 'next-hop-refused',
  ehlo: 'next-hop-refused',
  starttls: 'next-hop-tls',
  auth: 'next-hop-authentication',
};

/** Nodemailer's own timers must not fire before ours: about 24 days, the most that a timer takes. */
const NEVER_MS = 2_000_000_000;
const MAX_REPLY_BYTES = 65_536;

/** Shakes hands. @throws MailError with a `next-hop-` code, or what the signal says */
export async function shakeHands(
  dialled: Dialled,
  options: HandshakeOptions,
  clock: Clock,
  signal?: AbortSignal,
): Promise<Established> {
  const handshake = new Handshake(dialled, options, clock);
  const onAbort = (): void => handshake.fail(asMailError(signal?.reason));
  signal?.addEventListener('abort', onAbort);
  if (signal?.aborted === true) onAbort();
  try {
    await handshake.greet();
    handshake.identify();
    const { authentication } = options.target;
    if (authentication !== undefined) await handshake.login(authentication);
    return handshake.takeOver();
  } catch (error) {
    handshake.fail(asMailError(error));
    throw error;
  } finally {
    signal?.removeEventListener('abort', onAbort);
    handshake.end();
  }
}

class Handshake {
  readonly #dialled: Dialled;
  readonly #options: HandshakeOptions;
  readonly #clock: Clock;
  readonly #connection: NodemailerConnection;
  readonly #deadline: MovingDeadline;
  #phase: Phase = 'greeting';
  /** The reply to what was said last, once it has come. */
  #reply: Reply | undefined;
  /** The 250 of the last EHLO or LHLO. */
  #ehlo: Reply | undefined;
  /** Whether the last greeting was one of these, and no HELO. */
  #extended = false;
  #step: PromiseWithResolvers<void> = Promise.withResolvers();
  #failed: MailError | undefined;
  #verdict: PeerVerdict | undefined;

  constructor(dialled: Dialled, options: HandshakeOptions, clock: Clock) {
    this.#dialled = dialled;
    this.#options = options;
    this.#clock = clock;
    this.#deadline = new MovingDeadline(clock, () => this.fail(this.#tooLate()));
    const log = (entry: { tnx?: unknown }, text: string): void => {
      if (entry.tnx === 'client') this.#said(text);
      else if (entry.tnx === 'server') this.#heard(text);
    };
    this.#connection = new SMTPConnection(connectionOptions(dialled, options, log));
    this.#connection.on('error', (error: Error) => this.#settle(error));
  }

  /** Up to the reply to the last EHLO. */
  greet(): Promise<void> {
    this.#wait(this.#options.timeouts.greetingMs);
    this.#connection.connect((error) => this.#settle(error));
    return this.#step.promise;
  }

  /** Judges the peer, before it hears who we are or what we have. @throws MailError it is the wrong one */
  identify(): void {
    const { mode } = this.#options.target.tls;
    if (mode === 'off' || mode === 'opportunistic') return;
    const tls = this.#tls();
    if (tls === undefined) throw this.#refusal('went on without TLS');
    if (this.#verdict?.kind !== 'wrong') return;
    const { fault, reason } = this.#verdict;
    const { host } = this.#dialled;
    throw refuse('next-hop-tls', {
      text: `The certificate of ${host.name} is not trusted: ${reason}`,
      host,
      scope: 'host',
      tls,
      fields: { phase: 'certificate', fault, error: reason },
    });
  }

  async login(authentication: TargetAuthentication): Promise<void> {
    this.#phase = 'auth';
    this.#reply = undefined;
    const known = 'token' in authentication ? TOKEN_MECHANISMS : PASSWORD_MECHANISMS;
    const mechanism = known.find((name) => this.#offers().mechanisms.includes(name));
    if (mechanism === undefined) {
      throw this.#refusal(`offers neither AUTH ${known.join(' nor ')}`);
    }
    const inTheClear = this.#tls() === undefined && !('path' in this.#options.target.endpoint);
    if (inTheClear && authentication.allowWithoutTls !== true) {
      throw this.#refusal('offers no TLS to log in under');
    }
    const login = await this.#loginBy(authentication, mechanism);
    if (this.#failed !== undefined) throw this.#failed;
    this.#step = Promise.withResolvers();
    this.#wait(this.#options.timeouts.commandMs);
    this.#connection.login(login, (error) => this.#settle(error ?? undefined));
    return this.#step.promise;
  }

  async #loginBy(
    authentication: TargetAuthentication,
    mechanism: string,
  ): Promise<SMTPConnectionAuth> {
    if (!('token' in authentication)) {
      const pass = await authentication.password();
      return { user: authentication.user ?? pass, pass, method: mechanism };
    }
    const token = await authentication.token();
    const { endpoint } = this.#options.target;
    const port = 'path' in endpoint ? 0 : endpoint.port;
    const place = { host: nameOfTarget(this.#options.target), port };
    const handler = tokenHandler({ authentication, token, mechanism, place });
    this.#connection.customAuth.set(TOKEN_METHOD, handler);
    return { user: authentication.user, method: TOKEN_METHOD };
  }

  /** Takes the socket away from nodemailer. Nothing may have come in between. */
  takeOver(): Established {
    const tls = this.#tls();
    const { socket, clean } = detach(this.#connection);
    if (!clean) throw this.#refusal('spoke out of turn');
    return {
      socket,
      host: this.#dialled.host,
      offers: this.#offers(),
      ...(tls === undefined ? {} : { tls }),
      ...(this.#verdict === undefined ? {} : { verdict: this.#verdict }),
      authenticated: this.#connection.authenticated,
    };
  }

  /** Ends it with an error; whoever waits gets it. Idempotent: the first counts. */
  fail(error: MailError): void {
    if (this.#failed !== undefined) return;
    this.#failed = error;
    this.#step.promise.catch(() => undefined); // perhaps nobody waits
    this.#step.reject(error);
    this.#connection.close();
    this.#dialled.socket.destroy();
  }

  end(): void {
    this.#deadline.end();
  }

  #settle(error?: Error): void {
    this.#deadline.clear();
    if (error === undefined) this.#step.resolve();
    else this.fail(this.#failureOf(error));
  }

  #wait(ms: number): void {
    this.#deadline.set(this.#clock.now() + ms);
  }

  #offers(): PeerOffers {
    return this.#ehlo === undefined ? NO_OFFERS : readOffers(this.#ehlo);
  }

  #tls(): TlsFacts | undefined {
    const socket = this.#connection._socket;
    if (!(socket instanceof TLSSocket)) return undefined;
    const { identity } = this.#options.target.tls;
    if (identity !== undefined) this.#verdict ??= verdictOf(identity, socket);
    return tlsFacts(socket, this.#verdict);
  }

  #said(line: string): void {
    const { commandMs, tlsMs } = this.#options.timeouts;
    this.#reply = undefined;
    this.#tell(line);
    if (this.#phase === 'auth') return this.#wait(commandMs);
    if (/^(?:EHLO|LHLO|HELO) /.test(line)) {
      this.#phase = 'ehlo';
      this.#ehlo = undefined; // what was offered in the clear counts no more (RFC 3207 §4.2)
      this.#extended = !line.startsWith('HELO');
    }
    if (line === 'STARTTLS') this.#phase = 'starttls';
    this.#wait(line === 'STARTTLS' ? tlsMs : commandMs);
  }

  #tell(line: string): void {
    const { onLine } = this.#options;
    if (onLine === undefined) return;
    if (this.#phase === 'auth') return tellLogin(onLine, line);
    const tls = this.#phase === 'starttls' ? this.#tls() : undefined;
    if (tls !== undefined) tellTls(onLine, tls);
    onLine({ direction: 'sent', text: line });
  }

  #heard(text: string): void {
    this.#reply = readOne(text);
    if (this.#reply === undefined) tellNoise(this.#options.onLine, text);
    else tellReply(this.#options.onLine, this.#reply);
    if (this.#phase !== 'ehlo' || !this.#extended || this.#reply === undefined) return;
    if (isPositive(this.#reply)) this.#ehlo = this.#reply;
  }

  /** The peer refused in words, failed the handshake of TLS, talks no SMTP, or went away. */
  #failureOf(error: Error): MailError {
    const { host } = this.#dialled;
    const reply = this.#reply;
    if (reply !== undefined && reply.code >= 400) {
      return sessionRefusal(REFUSALS[this.#phase], reply, host);
    }
    const code = 'code' in error ? error.code : undefined;
    const lost = code === 'ESOCKET' || code === 'ECONNECTION';
    const name = lost && this.#phase !== 'starttls' ? 'next-hop-lost' : REFUSALS[this.#phase];
    return refuse(name, {
      host,
      scope: 'host',
      cause: error,
      fields: { phase: this.#phase, error: error.message },
    });
  }

  #tooLate(): MailError {
    const name = this.#phase === 'starttls' ? 'next-hop-tls' : 'next-hop-unreachable';
    const { host } = this.#dialled;
    return refuse(name, {
      host,
      scope: 'host',
      fields: { phase: this.#phase, error: 'took too long' },
    });
  }

  #refusal(what: string): MailError {
    const { host } = this.#dialled;
    return refuse(REFUSALS[this.#phase], {
      text: `The next host ${host.name} ${what}`,
      host,
      scope: 'host',
    });
  }
}

/** A certificate that cannot even be looked at proves nothing. */
function verdictOf(identity: PeerIdentity, socket: TLSSocket): PeerVerdict {
  try {
    return identity.judge(peerCertificates(socket));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { kind: 'wrong', fault: 'certificate-not-trusted', reason };
  }
}

/** What nodemailer is told. Its log is our ear: it names each line that goes by. */
function connectionOptions(
  { socket, tls }: Dialled,
  { target, startTls }: HandshakeOptions,
  log: (entry: { tnx?: unknown }, text: string) => void,
): SMTPConnectionOptions {
  const { mode } = target.tls;
  const ignore = (): void => undefined;
  return {
    connection: socket,
    secure: tls !== undefined,
    secured: tls !== undefined,
    host: nameOfTarget(target),
    lmtp: target.protocol === 'lmtp',
    name: target.greeting,
    ignoreTLS: !startTls,
    requireTLS: mode === 'required',
    opportunisticTLS: mode === 'opportunistic',
    tls: tlsOptions(target),
    connectionTimeout: NEVER_MS,
    greetingTimeout: NEVER_MS,
    socketTimeout: NEVER_MS,
    socketCloseTimeout: 0,
    maxResponseSize: MAX_REPLY_BYTES,
    transactionLog: true,
    logger: { trace: ignore, debug: log, info: ignore, warn: ignore, error: ignore, fatal: ignore },
  };
}

/** A reply as nodemailer keeps it, lines joined by LF; `undefined` where it is none. */
function readOne(text: string): Reply | undefined {
  let reply: Reply | undefined;
  const reader = new ReplyReader((read) => {
    reply = read;
  });
  try {
    reader.push(Buffer.from(`${text}\n`));
  } catch {
    return undefined;
  }
  return reply;
}

/**
 * Policy hooks: what decides who may connect, log in, send and be sent to.
 *
 * A hook that returns lets the step pass; one that throws a MailError refuses it with
 * that reply. Anything else that it throws is a fault: 451, logged once. Where there is
 * no policy everything may pass that the receiver takes. Hooks of one session run one
 * after the other; a hook that needs not wait should not return a promise.
 */
import type {
  ForwardPath,
  Identity,
  MailParams,
  Peer,
  RcptParams,
  ReversePath,
  TlsFacts,
} from '@posthouse/mail';

/** What is known of a session, as it stands. */
export interface SessionFacts {
  /** Names the session in logs. */
  readonly id: string;
  readonly peer: Peer;
  /** What the client greeted with; `lmtp` on an LMTP listener. */
  readonly protocol: 'smtp' | 'esmtp' | 'lmtp';
  /** The name given in EHLO, HELO or LHLO; empty before. */
  readonly greeting: string;
  readonly tls?: TlsFacts;
  readonly identity?: Identity;
}

/** What a client logs in with. */
export interface Credentials {
  readonly mechanism: SaslMechanism;
  readonly user: string;
  readonly password: string;
}

/** Mechanisms that a listener can offer. Both show the password, so that TLS is wanted. */
export type SaslMechanism = 'PLAIN' | 'LOGIN';

/** Decisions about a session's steps. All are optional; `authenticate` is needed to offer AUTH. */
export interface SessionPolicy {
  /** Before the greeting. A refusal closes the connection. */
  connect?(session: SessionFacts): void | Promise<void>;
  /** @throws MailError `credentials-invalid` and others */
  authenticate?(credentials: Credentials, session: SessionFacts): Promise<Identity>;
  /** At MAIL, before the receiver hears of it. */
  sender?(
    reversePath: ReversePath,
    params: MailParams,
    session: SessionFacts,
  ): void | Promise<void>;
  /** At RCPT, before the receiver hears of it. */
  recipient?(
    forwardPath: ForwardPath,
    params: RcptParams,
    session: SessionFacts,
  ): void | Promise<void>;
}

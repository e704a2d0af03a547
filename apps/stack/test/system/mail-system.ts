/**
 * A whole mail system for journeys, behind one interface, whatever it is made of: journeys
 * are written once and run in every shape.
 *
 * `example.test` is its own domain; alice, bob and carol have accounts. Whoever starts one
 * stops it; what is left running is killed at the end.
 */
import type { EventLog } from '@posthouse/testkit';

/** What stands in the configuration beside what every system has: keys by section. */
export type Sections = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** A place to connect to. */
export interface Place {
  readonly host: string;
  readonly port: number;
}

/** The agents of a system; in one process all three logs are one. */
export type AgentName = 'submission' | 'relay' | 'delivery';

/** A system that runs. */
export interface MailSystem {
  /** With STARTTLS. */
  readonly submission: Place;
  /** With TLS from the start. */
  readonly submissionTls: Place;
  readonly relay: Place;
  readonly lmtp: Place;
  /** The certificate authority that its clients trust, PEM. */
  readonly ca: string;
  /** Account → password. */
  readonly accounts: Readonly<Record<string, string>>;
  readonly logs: Readonly<Record<AgentName, Pick<EventLog, 'events' | 'next'>>>;
  /** Where its files lie. */
  readonly directory: string;
  maildir(account: string): string;
  /** Changes the configuration and has it read again. @throws where it is not taken */
  reload(sections: Sections): Promise<void>;
  /** Stops in good manners. */
  stop(): Promise<void>;
}

/** Takes what must be called at the end. */
export type AtEnd = (callback: () => Promise<void>) => void;

/** One way to make a system. */
export interface Shape {
  readonly name: string;
  /** The hops of a message from an author to a mailbox, the last one first, as `with` in Received says. */
  readonly hops: readonly string[];
  start(sections: Sections, atEnd: AtEnd): Promise<MailSystem>;
}

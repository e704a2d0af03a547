/** A client: a program or a library that authors send their mail with, and what it is told. */
import type { Letter } from './letter.ts';
import type { Command } from './program.ts';

/** `clear`: without TLS, and so without login. */
export type Way = 'starttls' | 'tls' | 'clear';

/** What a client is told. The letter lies in the directory. */
export interface Post {
  /** Where it runs. */
  readonly directory: string;
  readonly host: string;
  readonly port: number;
  readonly way: Way;
  readonly account: string;
  readonly password: string;
  readonly sender: string;
  readonly recipient: string;
  /** The certificate authority to trust. */
  readonly caFile: string;
}

export interface Client {
  readonly name: string;
  /** Programs and files that must be there. */
  readonly needs: readonly string[];
  /** What it can send: the whole letter, or less. */
  readonly sends: readonly (keyof Letter)[];
  /** Whether it sends letter.eml as it is. */
  readonly sendsFile: boolean;
  /** What it says in a trouble whose reply it keeps to itself. */
  readonly inItsOwnWords?: Readonly<Record<string, RegExp>>;
  /** Makes it ready in the directory where it will run. */
  prepare?(directory: string, caFile: string): Promise<unknown>;
  send(post: Post): Command;
}

export const WHOLE: readonly (keyof Letter)[] = ['subject', 'text', 'html'];

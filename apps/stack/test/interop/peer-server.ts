/**
 * A mail server that is not ours, as a neighbour: it takes our mail at one door, refuses it at
 * others, one for each stage of a transaction, and brings mail for our domain.
 */
import { readdir, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { watch } from 'node:fs';
import { join } from 'node:path';
import type { AtEnd, MailSystem } from '../system/mail-system.ts';
import { readStored } from '../system/mailbox.ts';
import type { StoredMessage } from '../system/mailbox.ts';
import { freePort } from './server.ts';
import type { Server } from './server.ts';

/** Where each refuses: at the end of the content in the last case. */
export const STAGES = ['connect', 'mail', 'rcpt', 'data', 'dot'] as const;

export type Stage = (typeof STAGES)[number];

/** A port each: with all extensions, with as few as it can, and those that refuse. */
export type Doors = Readonly<Record<'full' | 'bare' | Stage, number>>;

/** What it refuses with. */
export const REFUSALS: Readonly<Record<Stage, string>> = {
  connect: '554 5.7.1 Nobody is let in today',
  mail: '550 5.7.1 Nothing from you',
  rcpt: '550 5.1.1 Nobody of that name',
  data: '554 5.7.1 Nothing at all',
  dot: '554 5.6.0 Nothing like that',
};

/** From 127.0.0.9 it comes as somebody whom we let in nowhere. */
export const UNWELCOME = '127.0.0.9';

/** A kind of server. */
export interface PeerServer {
  readonly name: string;
  /** Programs and files that must be there. */
  readonly needs: readonly string[];
  readonly smtpUtf8: boolean;
  /** Whether it can do what it offers with STARTTLS. */
  readonly servesTls: boolean;
  /**
   * Starts one. Mail for box@ any domain of peer.test lands in its mailbox. Of example.test it brings
   * carol's through our submission, as Alice; unwelcome's from an unwelcome address; all other to our
   * relay.
   */
  start(doors: Doors, system: MailSystem, atEnd: AtEnd): Promise<RunningPeer>;
}

export interface RunningPeer extends Server {
  readonly doors: Doors;
  readonly maildir: string;
}

/** Doors that nobody uses. */
export async function freeDoors(): Promise<Doors> {
  return {
    full: await freePort(),
    bare: await freePort(),
    connect: await freePort(),
    mail: await freePort(),
    rcpt: await freePort(),
    data: await freePort(),
    dot: await freePort(),
  };
}

/** Waits for the next message in a mailbox, and takes it. */
export async function takeMessage({ maildir }: RunningPeer): Promise<StoredMessage> {
  const directory = join(maildir, 'new');
  const watcher = watch(directory);
  try {
    for (;;) {
      const change = once(watcher, 'change');
      const [name] = await readdir(directory);
      if (name === undefined) {
        await change;
        continue;
      }
      const message = await readStored(join(directory, name));
      await rm(message.path);
      return message;
    }
  } finally {
    watcher.close();
  }
}

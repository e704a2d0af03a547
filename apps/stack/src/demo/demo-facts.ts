/**
 * The facts of a running demo, for programs: `demo.json`.
 *
 * Hosts are names that the certificate holds, paths are absolute, and the file is for its
 * owner only, because passwords are in it.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '@posthouse/durable-fs';
import type { Disk } from '@posthouse/durable-fs';
import { isLoopback } from '@posthouse/mail';
import type { ListenAddress } from '@posthouse/smtp';
import type { StackAddresses } from '../stack.ts';
import { demoFile } from './demo-accounts.ts';
import type { DemoAccount } from './demo-accounts.ts';

/** As `demo.json` has it; what is switched off is absent. */
export interface DemoFacts {
  readonly submission?: { readonly host: string; readonly port: number; readonly tlsPort?: number };
  readonly relay?: { readonly host: string; readonly port: number };
  readonly lmtp?: { readonly host: string; readonly port: number };
  /** The certificate authority to trust. */
  readonly ca: string;
  readonly mail: string;
  readonly accounts: readonly (DemoAccount & { readonly maildir: string })[];
  /** The one mailbox of all messages, where the stack was told to catch all. */
  readonly catchAll?: { readonly user: string; readonly maildir: string };
}

/** What the facts are made of. */
export interface DemoSetting {
  readonly addresses: StackAddresses;
  readonly authorityFile: string;
  readonly mailDirectory: string;
  readonly accounts: readonly DemoAccount[];
  readonly catchAllAccount?: string | undefined;
}

export function demoFacts(setting: DemoSetting): DemoFacts {
  const { addresses, catchAllAccount, mailDirectory } = setting;
  const [submission, tls] = [place(addresses.submission), place(addresses.submissionTls)];
  const [relay, lmtp] = [place(addresses.relay), place(addresses.lmtp)];
  return {
    ...(submission && { submission: { ...submission, ...(tls && { tlsPort: tls.port }) } }),
    ...(relay && { relay }),
    ...(lmtp && { lmtp }),
    ca: setting.authorityFile,
    mail: mailDirectory,
    accounts: setting.accounts.map(({ password, user }) => ({
      user,
      password,
      maildir: maildirOf(user, mailDirectory),
    })),
    ...(catchAllAccount !== undefined && {
      catchAll: { user: catchAllAccount, maildir: maildirOf(catchAllAccount, mailDirectory) },
    }),
  };
}

function maildirOf(user: string, mailDirectory: string): string {
  const [name = '', domain = ''] = user.split('@');
  return join(mailDirectory, domain, name, 'Maildir');
}

/** @throws DurableFsError */
export async function writeDemoFacts(
  facts: DemoFacts,
  stateDirectory: string,
  disk: Disk,
): Promise<void> {
  const text = `${JSON.stringify(facts, undefined, 2)}\n`;
  await replaceFile(disk, demoFile(stateDirectory), Buffer.from(text), { mode: 0o600 });
}

/** The facts of the demo over this state directory; `undefined` where there are none that can be read. */
export async function readDemoFacts(stateDirectory: string): Promise<DemoFacts | undefined> {
  try {
    const parsed: unknown = JSON.parse(await readFile(demoFile(stateDirectory), 'utf8'));
    // Written by ourselves: the three that are always there tell it from anything else.
    const isFacts =
      typeof parsed === 'object' &&
      parsed !== null &&
      'ca' in parsed &&
      'mail' in parsed &&
      'accounts' in parsed;
    return isFacts ? (parsed as DemoFacts) : undefined;
  } catch {
    return undefined;
  }
}

/** Loopback has a name in the certificate; a socket is no place for a client from elsewhere. */
function place(address: ListenAddress | undefined): { host: string; port: number } | undefined {
  if (address === undefined || !('port' in address)) return undefined;
  return { host: isLoopback(address.host) ? 'localhost' : address.host, port: address.port };
}

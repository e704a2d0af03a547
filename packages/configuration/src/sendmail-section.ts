/** `[sendmail]`: mail of programs on this host, which have no login (cron, PHP, git, mutt). */
import type { Domain } from '@posthouse/mail';
import type { z } from 'zod';
import * as field from './field.ts';
import { nextHopField } from './next-hop.ts';
import type { NextHop } from './next-hop.ts';
import { strictTable } from './rule.ts';
import type { Surroundings } from './surroundings.ts';

export interface SendmailConfiguration {
  /** Where the stack takes their mail; absent: nowhere. @default sendmail.sock, in the state directory */
  readonly socket?: string;
  /** Who may use socket and spool. @default 'owner' */
  readonly access: 'everybody' | 'owner';
  /** Keeps what could not be handed over, absolute. @default sendmail, in the state directory */
  readonly spoolDirectory: string;
  /** Completes addresses that are a name alone. @default the first of domains.own */
  readonly domain?: Domain;
  /** Takes their mail in place of the stack's socket. */
  readonly nextHop?: NextHop;
}

/** Paths of unix sockets may not be longer (sun_path, less its end). */
const MAX_SOCKET_PATH = 100;

export function sendmailSection(around: Surroundings): z.ZodType<SendmailConfiguration> {
  return strictTable({
    socket: field
      .socket(
        'Unix socket where the stack takes mail of programs on this host without a login, or "off"; "sendmail.sock" in the state directory if not given.',
        '/run/posthouse/sendmail.sock',
        around,
      )
      .optional(),
    access: field.withDefault(
      field.oneOf(
        'Who may use the socket and the spool: the user that the stack runs as, or every user of this host, in any name.',
        'owner',
        'everybody',
      ),
      'owner',
    ),
    spool: field
      .path(
        'Directory that keeps their mail while nobody takes it; "sendmail" in the state directory if not given.',
        '/var/spool/posthouse',
        around,
      )
      .optional(),
    domain: field
      .domain(
        'Completes addresses that are a name alone, like root; the first of domains.own if not given.',
        'example.com',
      )
      .optional(),
    next_hop: nextHopField(around)
      .meta({
        description: 'Takes their mail, in place of the stack on this host.',
        examples: [
          { host: 'submit.example.com', port: 587, user: 'web', password_file: 'secrets/web' },
        ],
      })
      .optional(),
  }).transform((table): SendmailConfiguration => {
    const socket = table.socket ?? defaultSocket(around);
    return {
      ...(socket === 'off' ? {} : { socket }),
      access: table.access,
      spoolDirectory: table.spool ?? around.state('sendmail'),
      ...(table.domain === undefined ? {} : { domain: table.domain }),
      ...(table.next_hop === undefined ? {} : { nextHop: table.next_hop }),
    };
  });
}

/** Where the state directory lies too deep for a socket, the spool alone is the way. */
function defaultSocket(around: Surroundings): string {
  const path = around.state('sendmail.sock');
  const isPossible = process.platform !== 'win32' && Buffer.byteLength(path) <= MAX_SOCKET_PATH;
  return isPossible ? path : 'off';
}

/** `[server]`: the name that this host gives itself, and where it keeps what it keeps. */
import type { Domain } from '@posthouse/mail';
import type { z } from 'zod';
import * as field from './field.ts';
import { strictTable } from './rule.ts';
import { DEFAULT_STATE_DIRECTORY } from './surroundings.ts';
import type { Surroundings } from './surroundings.ts';

export interface ServerConfiguration {
  /** In greetings, EHLO and Received. @default 'localhost' */
  readonly hostname: Domain;
  /** Queue, mail, certificates and accounts are below, absolute. @default var, beside the configuration file */
  readonly stateDirectory: string;
  /** How long open transactions may take to end when the server stops. @default 10 s */
  readonly drainMs: number;
}

export function serverSection(around: Surroundings): z.ZodType<ServerConfiguration> {
  return strictTable({
    hostname: field.withDefault(
      field.domain('Name of this host in greetings, EHLO and Received.', 'mail.example.com'),
      'localhost',
    ),
    state_directory: field.withDefault(
      field.path('Directory for everything that is kept.', '/var/lib/posthouse', around),
      DEFAULT_STATE_DIRECTORY,
    ),
    drain: field.withDefault(
      field.duration('How long open transactions may take to end at a stop.', '10s'),
      '10s',
    ),
  }).transform(({ hostname, state_directory: stateDirectory, drain: drainMs }) => ({
    hostname,
    stateDirectory,
    drainMs,
  }));
}

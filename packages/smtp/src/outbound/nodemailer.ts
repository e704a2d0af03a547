/**
 * nodemailer's SMTPConnection, from the CommonJS build: as in `inbound/smtp-server.ts`, and for the
 * same reason.
 */
import { createRequire } from 'node:module';
import type Connection from 'nodemailer/lib/smtp-connection';

const require = createRequire(import.meta.url);
/** What `require` gives is the other build of what the type describes. */
export const SMTPConnection: typeof Connection =
  require('nodemailer/lib/smtp-connection') as typeof Connection;

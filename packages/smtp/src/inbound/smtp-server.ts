/**
 * The classes of smtp-server that ours extend, from its CommonJS build.
 *
 * Its ESM build brings nodemailer's fetch, which nothing here calls, and with it an import of
 * `node:http`: as an ES module that is all of undici, at each start of every process
 * (docs/performance.md).
 */
import { createRequire } from 'node:module';
import type * as Servers from 'smtp-server';
import type * as Connections from 'smtp-server/lib/smtp-connection.js';
import type * as Streams from 'smtp-server/lib/smtp-stream.js';

const require = createRequire(import.meta.url);
// What `require` gives is the other build of what the types describe.
const connections = require('smtp-server/lib/smtp-connection.js') as typeof Connections;
const servers = require('smtp-server') as typeof Servers;
const streams = require('smtp-server/lib/smtp-stream.js') as typeof Streams;

export const SMTPConnection: typeof Connections.SMTPConnection = connections.SMTPConnection;
export const SMTPServer: typeof Servers.SMTPServer = servers.SMTPServer;
export const SMTPStream: typeof Streams.SMTPStream = streams.SMTPStream;

/**
 * nodemailer's MimeNode, from the CommonJS build. The ESM build brings an import of `node:http`,
 * which as an ES module is all of undici, at each start of every process (docs/performance.md).
 */
import { createRequire } from 'node:module';
import type NodemailerNode from 'nodemailer/lib/mime-node';

const require = createRequire(import.meta.url);
/** What `require` gives is the other build of what the type describes. */
export const MimeNode: typeof NodemailerNode =
  require('nodemailer/lib/mime-node') as typeof NodemailerNode;

#!/usr/bin/env node
/** `sendmail` as a program of its own, under any of its names. */
import { basename } from 'node:path';
import { sendmail } from './sendmail.ts';

const name = basename(process.argv[1] ?? 'sendmail');
process.exitCode = await sendmail(process.argv.slice(2), { name });

#!/usr/bin/env node
/**
 * `npx posthouse <command>` from a clone of the repository, on Node 18 or later: what is missing is
 * installed and built first, with its progress on stderr; then it is the `posthouse` command of
 * apps/stack.
 */
import { enter } from '../scripts/bootstrap/entry.mjs';
import { startStack } from '../scripts/bootstrap/start.mjs';

await enter(() => startStack(process.argv.slice(2)));

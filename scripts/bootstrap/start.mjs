/**
 * Starts the `posthouse` command of apps/stack, prepared first: what `npm start` and `npx posthouse`
 * share.
 */
import path from 'node:path';
import { runChild } from './child.mjs';
import { root } from './pins.mjs';
import { prepareBuild } from './prepare.mjs';

/**
 * Bounds of V8's heap, which else go by the memory of the machine: with a million messages queued
 * the process stays below 300 MB. Young objects are cleared away by one thread, as what lives of them
 * is too little to share (docs/performance.md). The same stand in the first line of main.ts.
 */
const V8_FLAGS = [
  '--max-semi-space-size=16',
  '--no-parallel-scavenge',
  '--max-old-space-size=1024',
];

/**
 * @param {readonly string[]} args
 * @returns {Promise<number>} its exit code
 */
export async function startStack(args) {
  const { node, env } = await prepareBuild();
  const main = path.join(root, 'apps', 'stack', 'dist', 'main.js');
  return runChild(node, [...V8_FLAGS, main, ...args], {
    env,
    cwd: process.cwd(),
    supervised: true,
  });
}

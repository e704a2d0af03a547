/**
 * Starts the `posthouse` command of apps/stack, prepared first: what `npm start` and `npx posthouse`
 * share.
 */
import path from 'node:path';
import { runChild } from './child.mjs';
import { root } from './pins.mjs';
import { prepareBuild } from './prepare.mjs';

/**
 * @param {readonly string[]} args
 * @returns {Promise<number>} its exit code
 */
export async function startStack(args) {
  const { node, env } = await prepareBuild();
  const main = path.join(root, 'apps', 'stack', 'dist', 'main.js');
  return runChild(node, [main, ...args], { env, cwd: process.cwd(), supervised: true });
}

/**
 * What the bootstrap says, always on stderr, so that the stdout of a command stays its own. A step
 * that takes long says so while it runs: one rewritten line on a terminal, a line every five seconds
 * elsewhere. What a tool prints meanwhile is shown as it comes.
 */
const isTerminal = process.stderr.isTTY === true;
const beatMs = isTerminal ? 1000 : 5000;
const clearLine = '\r\u001b[K';

/** An expected failure: its text is for people, no stack is shown. */
export class BootstrapError extends Error {
  /**
   * @param {string} message
   * @param {number} [exitCode]
   */
  constructor(message, exitCode = 1) {
    super(message);
    this.name = 'BootstrapError';
    this.exitCode = exitCode;
  }
}

/** @param {string} text */
export function say(text) {
  process.stderr.write(`posthouse: ${text}\n`);
}

/**
 * Runs one step under a title and tells how long it took.
 *
 * @template T
 * @param {string} title what happens, in plain words
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function step(title, work) {
  const startedAt = Date.now();
  const seconds = () => Math.round((Date.now() - startedAt) / 1000);
  say(`${title} ...`);
  const beat = setInterval(() => {
    process.stderr.write(
      isTerminal
        ? `${clearLine}posthouse: ${seconds()} s\r`
        : `posthouse: still at it, ${seconds()} s\n`,
    );
  }, beatMs);
  try {
    const result = await work();
    if (isTerminal) process.stderr.write(clearLine);
    say(`done in ${((Date.now() - startedAt) / 1000).toFixed(1)} s`);
    return result;
  } finally {
    clearInterval(beat);
  }
}

/**
 * The environment that tools and agents get: the caller's, without npm's lifecycle variables (pnpm
 * and turbo would take them for settings of their own), with telemetry and update checks off, and
 * with the pinned tools first on PATH. Proxy, registry and cache settings of npm are kept.
 */
import path from 'node:path';

const keptNpmSettings =
  /^npm_config_(registry|cache|userconfig|globalconfig|cafile|noproxy|https?_proxy|https-proxy|proxy)$/i;

/**
 * @param {NodeJS.ProcessEnv} source
 * @param {readonly string[]} folders put first on PATH, in this order
 * @returns {NodeJS.ProcessEnv}
 */
export function toolEnvironment(source, folders) {
  /** @type {NodeJS.ProcessEnv} */
  const result = {};
  for (const [name, value] of Object.entries(source)) {
    if (!/^npm_/i.test(name) || keptNpmSettings.test(name)) result[name] = value;
  }
  // Windows spells it Path, and two spellings in one environment are one too many.
  const pathName = Object.keys(result).find((name) => name.toUpperCase() === 'PATH') ?? 'PATH';
  result[pathName] = [...folders, result[pathName]].filter(Boolean).join(path.delimiter);
  return {
    ...result,
    TURBO_TELEMETRY_DISABLED: '1',
    TURBO_NO_UPDATE_NOTIFIER: '1',
    DO_NOT_TRACK: '1',
  };
}

/** What a program's own package.json says of it. */
import { readFileSync } from 'node:fs';

/** The version, for `--version`. @param manifest the package.json, as a URL beside the caller's */
export function readVersion(manifest: URL): string {
  const parsed: unknown = JSON.parse(readFileSync(manifest, 'utf8'));
  const isManifest = typeof parsed === 'object' && parsed !== null && 'version' in parsed;
  return isManifest && typeof parsed.version === 'string' ? parsed.version : 'unknown';
}

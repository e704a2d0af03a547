/** Addresses of listeners, as they are told, to connect to. */
import type { Place } from './mail-system.ts';

/** @throws TypeError for what is no TCP port */
export function onlyPlace(address: unknown): Place {
  const isPlace =
    typeof address === 'object' && address !== null && 'host' in address && 'port' in address;
  if (!isPlace) throw new TypeError(`no host and port: ${JSON.stringify(address)}`);
  return { host: String(address.host), port: Number(address.port) };
}

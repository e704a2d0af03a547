/**
 * Forms that people write: sizes, durations, listeners, networks. Pure; each answers
 * `undefined` for text that it cannot read.
 *
 * KB, MB, GB are powers of 1000; KiB, MiB, GiB powers of 1024.
 */
import { isIP, isIPv6 } from 'node:net';
import { parseDomain } from '@posthouse/mail';

const SIZE_UNITS: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
};

const DURATION_UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** Reads `25MB`, `1.5GiB` into bytes. */
export function parseSize(text: string): number | undefined {
  const parts = /^(\d{1,15}(?:\.\d{1,6})?) ?([A-Za-z]{1,3})$/.exec(text);
  const unit = SIZE_UNITS[(parts?.[2] ?? '').toLowerCase()];
  if (parts === null || unit === undefined) return undefined;
  const bytes = Math.round(Number(parts[1]) * unit);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** Reads `90s`, `10m`, `1h30m`, `5d` into milliseconds; a number without a unit is none. */
export function parseDuration(text: string): number | undefined {
  if (!/^(?:\d{1,12}(?:ms|[smhdw]))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, count = '', unit = ''] of text.matchAll(/(\d+)(ms|[smhdw])/g)) {
    total += Number(count) * (DURATION_UNITS[unit] ?? Number.NaN);
  }
  return Number.isSafeInteger(total) ? total : undefined;
}

/** Where a listener listens: an address and port, or a unix socket or named pipe. */
export type ListenAddress =
  | { readonly host: string; readonly port: number }
  | { readonly path: string };

/** Reads `127.0.0.1:2525`, `[::1]:2525`, `localhost:2525` or `unix:/run/relay.sock`. Port 0: any that is free. */
export function parseListen(text: string): ListenAddress | undefined {
  if (text.startsWith('unix:')) {
    const path = text.slice('unix:'.length);
    return path === '' || path.includes('\0') ? undefined : { path };
  }
  return parseHostAndPort(text);
}

/** Reads `host:port`, IPv6 in brackets. */
export function parseHostAndPort(
  text: string,
): { readonly host: string; readonly port: number } | undefined {
  const parts = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  const port = Number(parts?.[3]);
  const host = parts?.[1] ?? parts?.[2];
  if (host === undefined || port > 65_535) return undefined;
  if (parts?.[1] !== undefined) return isIPv6(host) ? { host, port } : undefined;
  return parseHost(host) === undefined ? undefined : { host, port };
}

/** Reads the name or IP address of a host. */
export function parseHost(text: string): string | undefined {
  return isIP(text) !== 0 ? text : parseDomain(text);
}

/** Reads `192.0.2.0/24`, `2001:db8::/32` or one address; always with its prefix length in the answer. */
export function parseNetwork(text: string): string | undefined {
  const [address = '', prefix, ...rest] = text.split('/');
  const family = isIP(address);
  const maxBits = family === 4 ? 32 : 128;
  if (family === 0 || rest.length > 0 || address.includes('%')) return undefined;
  if (prefix === undefined) return `${address}/${maxBits}`;
  if (!/^\d{1,3}$/.test(prefix) || Number(prefix) > maxBits) return undefined;
  return `${address}/${Number(prefix)}`;
}

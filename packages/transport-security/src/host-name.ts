/**
 * Host names against patterns. Pure.
 *
 * A pattern is a name, or `*.` and a name: any one label more. Both in A-labels; case does
 * not count.
 *
 * RFC 6125 §6.4.3, RFC 8461 §4.1.
 */

/** Whether a pattern stands for a host: `*.example.com` for `mx.example.com`, not for deeper names. */
export function matchesHost(pattern: string, host: string): boolean {
  const [wanted, name] = [plainName(pattern), plainName(host)];
  if (!wanted.startsWith('*.')) return wanted === name;
  const dot = name.indexOf('.');
  return dot > 0 && name.slice(dot) === wanted.slice(1);
}

/** Lower case, without a final dot. */
export function plainName(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}

/**
 * What the configuration demands of TLS by destination: the rule of a domain. Pure.
 *
 * The rule of the very domain counts, else that of the nearest domain above it
 * (`*.example.com`), else none: then DANE, MTA-STS and chance decide.
 */

/**
 * - `off`: never TLS
 * - `may`: TLS where it is offered, any certificate, whatever DANE and MTA-STS say
 * - `encrypt`: TLS or nothing, any certificate
 * - `verify`: a certificate of an authority that we believe, for one of the names
 * - `dane`: TLSA records that are there and match
 */
export type TlsLevel = 'off' | 'may' | 'encrypt' | 'verify' | 'dane';

/** One rule. */
export interface TlsRule {
  readonly level: TlsLevel;
  /** `verify`: names or `*.` patterns that the certificate may be for. @default the host's name */
  readonly names?: readonly string[] | undefined;
}

/** Domain or `*.domain` → rule. */
export type TlsRules = Readonly<Record<string, TlsRule>>;

/** A rule and the key under which it stands. */
export interface FoundRule extends TlsRule {
  readonly key: string;
}

/** The rule of a domain. */
export function ruleFor(domain: string, rules: TlsRules): FoundRule | undefined {
  const labels = domain.split('.');
  const keys = [domain, ...labels.slice(1).map((_, i) => `*.${labels.slice(i + 1).join('.')}`)];
  for (const key of keys) {
    const rule = Object.hasOwn(rules, key) ? rules[key] : undefined;
    if (rule !== undefined) return { key, ...rule };
  }
  return undefined;
}

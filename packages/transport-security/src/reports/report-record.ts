/**
 * The TXT record that says where a domain wants its TLS reports. Pure.
 *
 * Anything but exactly one record that begins with the version counts as none.
 *
 * RFC 8460 §3.
 */
import { parseMailbox } from '@posthouse/mail';
import type { Mailbox } from '@posthouse/mail';

/** One place for reports. */
export type ReportPlace =
  | { readonly kind: 'mail'; readonly mailbox: Mailbox }
  | { readonly kind: 'https'; readonly url: URL };

/** More would make one domain's mail a lever on many hosts. */
const MAX_PLACES = 4;

/** The name of the record. */
export function reportRecordName(domain: string): string {
  return `_smtp._tls.${domain}`;
}

/** The places that the records at the name give; those that cannot be read are left out. */
export function readReportPlaces(texts: readonly string[]): readonly ReportPlace[] {
  const [text, ...more] = texts.filter((record) => /^v=TLSRPTv1[ \t]*;/.test(record));
  if (text === undefined || more.length > 0) return [];
  const rua = text
    .split(';')
    .map((field) => /^[ \t]*rua[ \t]*=(.*)$/s.exec(field)?.[1])
    .find((value) => value !== undefined);
  return (rua ?? '')
    .split(',')
    .flatMap((uri) => placeOf(uri.trim()) ?? [])
    .slice(0, MAX_PLACES);
}

function placeOf(uri: string): ReportPlace | undefined {
  const url = URL.parse(uri);
  if (url?.protocol === 'https:' && url.username === '') return { kind: 'https', url };
  if (url?.protocol !== 'mailto:') return undefined;
  const mailbox = parseMailbox(decoded(url.pathname));
  return mailbox === undefined ? undefined : { kind: 'mail', mailbox };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}

/**
 * The TXT record that says that a domain has an MTA-STS policy. Pure.
 *
 * Anything but exactly one record that begins with the version counts as none.
 *
 * RFC 8461 §3.1.
 */

/** The name of the record. */
export function stsRecordName(domain: string): string {
  return `_mta-sts.${domain}`;
}

/** The id of the policy that the records at the name announce; `undefined`: none. */
export function readStsId(texts: readonly string[]): string | undefined {
  const [text, ...more] = texts.filter((record) => /^v=STSv1[ \t]*;/.test(record));
  if (text === undefined || more.length > 0) return undefined;
  const fields = text.split(';').map((field) => field.trim());
  const ids = fields.flatMap(
    (field) => /^id[ \t]*=[ \t]*([A-Za-z0-9]{1,32})$/.exec(field)?.[1] ?? [],
  );
  return ids[0];
}

/** `[tls]`: the certificate of our listeners, and whose certificates we believe. */
import type { z } from 'zod';
import * as field from './field.ts';
import { missing, strictTable } from './rule.ts';
import type { Breach, RawTable } from './rule.ts';
import type { Surroundings } from './surroundings.ts';

export interface TlsConfiguration {
  /** Absent: the stack makes a development certificate, an agent alone offers no TLS. */
  readonly certificate?: {
    /** Certificate with its chain, PEM, absolute path. */
    readonly certificateFile: string;
    /** Private key, PEM, absolute path. */
    readonly keyFile: string;
  };
  /** More certificate authorities (PEM) to believe when we connect to others, absolute path. */
  readonly caFile?: string;
}

export function tlsSection(around: Surroundings): z.ZodType<TlsConfiguration> {
  return strictTable(
    {
      certificate_file: field
        .path('Certificate with its chain (PEM).', '/etc/posthouse/tls/fullchain.pem', around)
        .optional(),
      key_file: field
        .path('Private key of the certificate (PEM).', '/etc/posthouse/tls/key.pem', around)
        .optional(),
      ca_file: field
        .path(
          'More certificate authorities to believe when we connect (PEM).',
          'tls/ca.pem',
          around,
        )
        .optional(),
    },
    pairRule,
  ).transform((table): TlsConfiguration => {
    const { certificate_file: certificateFile, key_file: keyFile, ca_file: caFile } = table;
    const isPair = certificateFile !== undefined && keyFile !== undefined;
    return {
      ...(isPair ? { certificate: { certificateFile, keyFile } } : {}),
      ...(caFile === undefined ? {} : { caFile }),
    };
  });
}

function pairRule(table: RawTable): readonly Breach[] {
  const [certificate, key] = [table['certificate_file'], table['key_file']];
  if ((certificate === undefined) === (key === undefined)) return [];
  return key === undefined
    ? [missing('key_file', '"tls/key.pem"', 'a certificate needs its key')]
    : [missing('certificate_file', '"tls/fullchain.pem"', 'a key needs its certificate')];
}

/**
 * An access token to log in with (XOAUTH2), in place of a password: by a command, or from the token
 * endpoint of the provider.
 */
import type { Provider } from '@posthouse/providers';
import { isThisHost } from '@posthouse/mail';
import { z } from 'zod';
import * as field from './field.ts';
import { missing, strictTable } from './rule.ts';
import type { Breach, RawTable } from './rule.ts';
import type { Secret } from './secret.ts';
import type { Surroundings } from './surroundings.ts';

/** Where tokens come from. */
export type TokenSource =
  | { readonly kind: 'command'; readonly command: readonly string[]; readonly timeoutMs: number }
  | {
      readonly kind: 'endpoint';
      readonly url: string;
      readonly clientId: string;
      readonly clientSecret?: Secret;
      readonly refreshToken: Secret;
      readonly scope?: string;
      readonly timeoutMs: number;
    };

/** As it was read: an endpoint's place and scope may be the provider's. */
export type WrittenToken = (service: Provider['token']) => TokenSource;

/** The table. */
export function tokenField(around: Surroundings): z.ZodType<WrittenToken> {
  const file = (description: string, example: string) =>
    field.path(description, example, around).optional();
  return strictTable(
    {
      command: z
        .array(field.text('A word.', '/usr/local/bin/token'))
        .min(1)
        .meta({
          description: 'Program, with its arguments, that writes a token to its standard output.',
          examples: [['/usr/local/bin/token', 'me@example.com']],
        })
        .optional(),
      url: field
        .textField(parseUrl, 'is no https:// address', {
          description: "Token endpoint; the provider's if not given.",
          examples: ['https://oauth2.googleapis.com/token'],
        })
        .optional(),
      client_id: field.text('Client that was registered at the provider.', 'posthouse').optional(),
      client_secret_file: file("File that holds the client's secret.", 'secrets/client'),
      refresh_token_file: file('File that holds the refresh token.', 'secrets/refresh'),
      scope: field.text("Scope of the token; the provider's if not given.", 'mail').optional(),
      timeout: field.withDefault(
        field.duration('How long a token may take to come.', '30s', 1000),
        '30s',
      ),
    },
    tokenRule,
  )
    .transform((table): WrittenToken => (service) => {
      const { client_id: clientId = '', command, scope = service?.scope, timeout } = table;
      if (command !== undefined) return { kind: 'command', command, timeoutMs: timeout };
      const { client_secret_file: secret, refresh_token_file: refresh = '', url } = table;
      return {
        kind: 'endpoint',
        url: url ?? service?.url ?? '',
        clientId,
        ...(secret === undefined ? {} : { clientSecret: { kind: 'file', path: secret } }),
        refreshToken: { kind: 'file', path: refresh },
        ...(scope === undefined ? {} : { scope }),
        timeoutMs: timeout,
      };
    })
    .meta({
      description: 'Access token to log in with (XOAUTH2), in place of a password.',
      examples: [{ command: ['/usr/local/bin/token', 'me@example.com'] }],
    });
}

/** A command, or an endpoint with what it asks for. */
function tokenRule(table: RawTable): readonly Breach[] {
  const has = (key: string): boolean => table[key] !== undefined;
  const others = ['url', 'client_id', 'client_secret_file', 'refresh_token_file', 'scope'];
  if (has('command')) {
    const text = 'A token comes by a command or from an endpoint';
    return others
      .filter(has)
      .map((key) => ({ path: [key], text, fix: 'Leave it out, or leave out `command`' }));
  }
  const because = 'a token comes by `command`, or from an endpoint by these two';
  return [
    ...(has('client_id') ? [] : [missing('client_id', '"posthouse"', because)]),
    ...(has('refresh_token_file')
      ? []
      : [missing('refresh_token_file', '"secrets/refresh"', because)]),
  ];
}

/** HTTP is for tests on this host. */
function parseUrl(text: string): string | undefined {
  const url = URL.parse(text);
  if (url === null) return undefined;
  const { hostname, protocol } = url;
  return protocol === 'https:' || (protocol === 'http:' && isThisHost(hostname)) ? text : undefined;
}

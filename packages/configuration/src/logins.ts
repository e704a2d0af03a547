/** Logins of other agents of ours: whoever knows the secret may relay and say who the author was. */
import { z } from 'zod';
import { missing, strictTable } from './rule.ts';
import { namesSecret, secretOf, secretRule, secretShape } from './secret.ts';
import type { Secret } from './secret.ts';
import type { Surroundings } from './surroundings.ts';

/** Login name → its secret. */
export type AgentLogins = Readonly<Record<string, Secret>>;

/** The table of a section's logins, one table a login. */
export function loginsField(around: Surroundings, description: string): z.ZodType<AgentLogins> {
  const login = strictTable(secretShape(around), (table) =>
    namesSecret(table)
      ? secretRule(table)
      : [missing('password_file', '"secrets/submission"', 'a login needs a password')],
  ).transform((keys): Secret => secretOf(keys) ?? { kind: 'file', path: '' });
  return z
    .record(z.string().min(1), login)
    .meta({ description, examples: [{ submission: { password_file: 'secrets/submission' } }] });
}

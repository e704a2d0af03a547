/** Addresses of ours that connections come from: at most one of each family. */
import { isIP } from 'node:net';
import { z } from 'zod';
import * as field from './field.ts';

export interface SourceAddresses {
  readonly v4?: string;
  readonly v6?: string;
}

/** The list, as its addresses by family. */
export function sourceField(): z.ZodType<SourceAddresses> {
  const parse = (text: string): string | undefined => (isIP(text) === 0 ? undefined : text);
  const address = field.textField(parse, 'is no IP address', {
    description: 'An IP address of this host.',
    examples: ['192.0.2.25'],
  });
  return z
    .array(address)
    .min(1)
    .transform((addresses, context): SourceAddresses => {
      const [v4, v6] = [4, 6].map((family) => addresses.filter((each) => isIP(each) === family));
      if ((v4?.length ?? 0) > 1 || (v6?.length ?? 0) > 1) {
        const message = 'has two addresses of one family';
        context.issues.push({ code: 'custom', message, input: addresses });
        return z.NEVER;
      }
      return {
        ...(v4?.[0] === undefined ? {} : { v4: v4[0] }),
        ...(v6?.[0] === undefined ? {} : { v6: v6[0] }),
      };
    })
    .meta({
      description:
        'Addresses of this host that connections come from, one of a family; a family that is left out is not used.',
      examples: [['192.0.2.25', '2001:db8::25']],
    });
}

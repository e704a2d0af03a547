/** The steps that the property test takes, as data, so that a failure prints what was done. */
import * as fc from 'fast-check';
import type { Priority } from '../record.ts';
import type { Intervention } from '../store.ts';

export interface Accept {
  readonly verb: 'accept';
  readonly recipients: readonly {
    readonly lane: string;
    readonly site: string;
    readonly dueIn: number;
    readonly how: 'plain' | 'leased' | 'held';
  }[];
  readonly priority: Priority;
}

export interface Claim {
  readonly verb: 'claim';
  readonly owner: string;
  readonly forMs: number;
  readonly limit: number;
  readonly perLaneLimit: number;
  readonly excludeLanes: readonly string[];
  readonly excludeSites: readonly string[];
  readonly onlyLanes: readonly string[] | null;
}

export interface Conclude {
  readonly verb: 'conclude';
  readonly ends: readonly {
    /** Chooses among the leases that there were until then. */
    readonly pick: number;
    readonly done: boolean;
    readonly dueIn: number;
    readonly lane: string;
    readonly site: string;
    readonly counts: boolean;
  }[];
}

export type Other =
  | { readonly verb: 'begin'; readonly pick: number; readonly dueIn: number }
  | { readonly verb: 'renew'; readonly pick: number; readonly forMs: number }
  | { readonly verb: 'recover'; readonly owner: string }
  | { readonly verb: 'rest'; readonly lane: string; readonly forMs: number }
  | { readonly verb: 'intervene'; readonly action: Intervention; readonly domain: string | null }
  | { readonly verb: 'wait'; readonly forMs: number }
  | { readonly verb: 'reopen' };

export type Step = Accept | Claim | Conclude | Other;

const lane: fc.Arbitrary<string> = fc.constantFrom('a.test', 'b.test', 'c.test');
const site: fc.Arbitrary<string> = fc.constantFrom('big', 'small');
const owner: fc.Arbitrary<string> = fc.constantFrom('relay-1', 'relay-2');
const soon: fc.Arbitrary<number> = fc.integer({ min: -3, max: 6 });
const later: fc.Arbitrary<number> = fc.integer({ min: 1, max: 5 });
const pick: fc.Arbitrary<number> = fc.nat(1000);

const accept: fc.Arbitrary<Accept> = fc.record({
  verb: fc.constant('accept'),
  recipients: fc.array(
    fc.record({ lane, site, dueIn: soon, how: fc.constantFrom('plain', 'leased', 'held') }),
    { minLength: 1, maxLength: 4 },
  ),
  priority: fc.constantFrom('notification', 'interactive', 'bulk'),
});

const claim: fc.Arbitrary<Claim> = fc.record({
  verb: fc.constant('claim'),
  owner,
  forMs: later,
  limit: fc.integer({ min: 1, max: 6 }),
  perLaneLimit: fc.integer({ min: 1, max: 4 }),
  excludeLanes: fc.array(lane, { maxLength: 1 }),
  excludeSites: fc.array(site, { maxLength: 1 }),
  onlyLanes: fc.option(fc.uniqueArray(lane, { maxLength: 2 })),
});

const conclude: fc.Arbitrary<Conclude> = fc.record({
  verb: fc.constant('conclude'),
  ends: fc.array(
    fc.record({ pick, done: fc.boolean(), dueIn: soon, lane, site, counts: fc.boolean() }),
    { minLength: 1, maxLength: 3 },
  ),
});

const other: fc.Arbitrary<Other> = fc.oneof(
  weighted(3, fc.record({ verb: fc.constant('begin' as const), pick, dueIn: soon })),
  weighted(2, fc.record({ verb: fc.constant('renew' as const), pick, forMs: soon })),
  weighted(2, fc.record({ verb: fc.constant('recover' as const), owner })),
  weighted(3, fc.record({ verb: fc.constant('rest' as const), lane, forMs: soon })),
  weighted(
    4,
    fc.record({
      verb: fc.constant('intervene' as const),
      action: fc.constantFrom<Intervention[]>('hold', 'release', 'retry'),
      domain: fc.option<string>(lane),
    }),
  ),
  weighted(5, fc.record({ verb: fc.constant('wait' as const), forMs: later })),
  weighted(1, fc.record({ verb: fc.constant('reopen' as const) })),
);

export const steps: fc.Arbitrary<readonly Step[]> = fc.array<Step>(
  fc.oneof(accept, claim, conclude, other),
  { minLength: 5, maxLength: 40 },
);

function weighted(weight: number, arbitrary: fc.Arbitrary<Other>): fc.WeightedArbitrary<Other> {
  return { weight, arbitrary };
}

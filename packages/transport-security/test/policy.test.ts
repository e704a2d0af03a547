import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tlsPolicyFor } from '../src/policy.ts';
import type { PolicyFacts } from '../src/policy.ts';
import type { StsFinding, StsMode } from '../src/mta-sts/finding.ts';
import { ruleFor } from '../src/rules.ts';
import type { TlsLevel } from '../src/rules.ts';

const RECORD = { usage: 3, selector: 1, matchingType: 1, certificate: new Uint8Array(32) };
const NAMES = ['mx.example.test', 'example.test'];

const FACTS: PolicyFacts = {
  host: 'mx.example.test',
  wish: 'ordinary',
  hostIsSigned: false,
  dane: { kind: 'none', because: 'no' },
  sts: { kind: 'none' },
  insistsOnKnownTls: false,
  fallsBack: true,
};
const RECORDS = { kind: 'records', records: [RECORD], names: NAMES, because: 'TLSA' } as const;
const UNUSABLE = { kind: 'unusable', because: 'TLSA' } as const;
const TROUBLE = { kind: 'trouble', because: 'SERVFAIL' } as const;

function sts(mode: StsMode, ...mx: readonly string[]): StsFinding {
  return { kind: 'policy', policy: { id: '1', mode, mx, maxAgeMs: 1, fetchedAt: 0 } };
}

function rule(level: TlsLevel, names?: readonly string[]): PolicyFacts['rule'] {
  return { key: 'example.test', level, names };
}

function decide(facts: Partial<PolicyFacts>): unknown {
  const decision = tlsPolicyFor({ ...FACTS, ...facts });
  return decision.kind === 'speak' ? decision.policy.kind : decision.obstacle;
}

describe('the policy of an ordinary message', () => {
  it.each<[string, Partial<PolicyFacts>, string]>([
    ['is opportunistic where nothing is known', {}, 'opportunistic'],
    ['is DANE where there are records', { dane: RECORDS, hostIsSigned: true }, 'dane'],
    ['is DANE before MTA-STS', { dane: RECORDS, sts: sts('enforce', 'other.test') }, 'dane'],
    ['encrypts where no record can be used', { dane: UNUSABLE }, 'encrypt'],
    [
      'does not let MTA-STS cover such records',
      { dane: UNUSABLE, sts: sts('enforce', FACTS.host) },
      'encrypt',
    ],
    ['waits where the DNS does not tell', { dane: TROUBLE }, 'dns-trouble'],
    ['is MTA-STS where it is enforced', { sts: sts('enforce', '*.example.test') }, 'mta-sts'],
    [
      'avoids a host that MTA-STS does not name',
      { sts: sts('enforce', '*.other.test') },
      'sts-mx-mismatch',
    ],
    ['only looks at a policy in testing', { sts: sts('testing', '*.other.test') }, 'opportunistic'],
    ['takes a withdrawn policy for none', { sts: sts('none') }, 'opportunistic'],
    [
      'takes a policy that cannot be had for none',
      { sts: { kind: 'failed', fault: 'sts-policy-fetch-error', because: '' } },
      'opportunistic',
    ],
    ['forgives a host that offers TLS no more', { offeredTlsAt: 0 }, 'opportunistic'],
    ['or does not, by setting', { offeredTlsAt: 0, insistsOnKnownTls: true }, 'encrypt'],
  ])('%s', (_, facts, policy) => {
    expect(decide(facts)).toBe(policy);
  });

  it.each<[TlsLevel, Partial<PolicyFacts>, string]>([
    ['off', { dane: RECORDS }, 'off'],
    ['may', { dane: RECORDS }, 'opportunistic'],
    ['encrypt', { sts: sts('enforce', 'other.test') }, 'encrypt'],
    ['verify', {}, 'verify'],
    ['dane', { dane: RECORDS }, 'dane'],
    ['dane', { sts: sts('enforce', FACTS.host) }, 'dane-required'],
    ['dane', { dane: UNUSABLE }, 'dane-required'],
    ['dane', { dane: TROUBLE }, 'dns-trouble'],
  ])('is the rule %s before all that is published: %j', (level, facts, policy) => {
    expect(decide({ ...facts, rule: rule(level) })).toBe(policy);
  });

  it('wants the names of the rule, else the host', () => {
    const names = (given?: readonly string[]): unknown =>
      tlsPolicyFor({ ...FACTS, rule: rule('verify', given) });
    expect(names()).toMatchObject({ policy: { names: ['mx.example.test'] } });
    expect(names(['*.example.test'])).toMatchObject({ policy: { names: ['*.example.test'] } });
  });
});

describe('TLS-Required: No', () => {
  it.each<Partial<PolicyFacts>>([
    { dane: RECORDS },
    { dane: TROUBLE },
    { sts: sts('enforce', 'other.test') },
    { offeredTlsAt: 0, insistsOnKnownTls: true },
  ])('passes by what the domain publishes: %j', (facts) => {
    expect(decide({ ...facts, wish: 'optional' })).toBe('opportunistic');
  });

  it('does not pass by a rule of ours', () => {
    expect(decide({ wish: 'optional', rule: rule('encrypt') })).toBe('encrypt');
  });
});

describe('REQUIRETLS', () => {
  it.each<[string, Partial<PolicyFacts>, string]>([
    ['is kept by DANE', { dane: RECORDS }, 'dane'],
    ['is kept by MTA-STS', { sts: sts('enforce', FACTS.host) }, 'mta-sts'],
    ['is kept with a name that DNSSEC proves', { hostIsSigned: true }, 'verify'],
    [
      'is kept with a name that a policy in testing proves',
      { sts: sts('testing', FACTS.host) },
      'verify',
    ],
    ['is not kept with a name that anybody could forge', {}, 'require-tls'],
    [
      'is not kept with certificates that prove nothing',
      { dane: UNUSABLE, hostIsSigned: true },
      'require-tls',
    ],
    [
      'is not kept where a rule forbids TLS',
      { rule: rule('off'), hostIsSigned: true },
      'require-tls',
    ],
    [
      'asks for more than a rule that encrypts',
      { rule: rule('encrypt'), hostIsSigned: true },
      'verify',
    ],
    ['is kept by names that a rule gives', { rule: rule('verify', ['a.test']) }, 'verify'],
    ['waits where the DNS does not tell', { dane: TROUBLE }, 'dns-trouble'],
  ])('%s', (_, facts, policy) => {
    expect(decide({ ...facts, wish: 'required' })).toBe(policy);
  });
});

const anyFacts = fc.record<PolicyFacts>({
  host: fc.constant('mx.example.test'),
  wish: fc.constantFrom('ordinary', 'required', 'optional'),
  rule: fc.option(
    fc
      .constantFrom('off', 'may', 'encrypt', 'verify', 'dane')
      .map((level) => ({ key: 'x', level }) as const),
    { nil: undefined },
  ),
  hostIsSigned: fc.boolean(),
  dane: fc.constantFrom(FACTS.dane, RECORDS, UNUSABLE, TROUBLE),
  sts: fc.constantFrom(
    FACTS.sts,
    sts('enforce', FACTS.host),
    sts('enforce', 'x.test'),
    sts('testing', FACTS.host),
    sts('none'),
  ),
  offeredTlsAt: fc.option(fc.constant(0), { nil: undefined }),
  insistsOnKnownTls: fc.boolean(),
  fallsBack: fc.boolean(),
});

describe('whatever the facts', () => {
  it('REQUIRETLS is never spoken without a check of the certificate', () => {
    fc.assert(
      fc.property(anyFacts, (facts) => {
        const decision = tlsPolicyFor({ ...facts, wish: 'required' });
        return (
          decision.kind === 'avoid' || ['dane', 'mta-sts', 'verify'].includes(decision.policy.kind)
        );
      }),
    );
  });

  it('records of DANE are never covered by anything but a rule or the author', () => {
    fc.assert(
      fc.property(anyFacts, (facts) => {
        const decision = tlsPolicyFor({
          ...facts,
          wish: 'ordinary',
          rule: undefined,
          dane: RECORDS,
        });
        return decision.kind === 'speak' && decision.policy.kind === 'dane';
      }),
    );
  });

  it('an enforced policy is never followed by clear text', () => {
    fc.assert(
      fc.property(anyFacts, (facts) => {
        const enforced = {
          ...facts,
          wish: 'ordinary',
          rule: undefined,
          sts: sts('enforce', 'x.test'),
        } as const;
        const decision = tlsPolicyFor(enforced);
        return decision.kind === 'avoid' || decision.policy.kind !== 'opportunistic';
      }),
    );
  });
});

describe('the rule of a domain', () => {
  const rules = {
    'mail.example.test': { level: 'off' },
    '*.example.test': { level: 'encrypt' },
    '*.test': { level: 'may' },
  } as const;

  it.each([
    ['mail.example.test', 'off'],
    ['other.example.test', 'encrypt'],
    ['example.test', 'may'],
    ['example.org', undefined],
    ['constructor', undefined],
  ])('of %s is %s', (domain, level) => {
    expect(ruleFor(domain, rules)?.level).toBe(level);
  });
});

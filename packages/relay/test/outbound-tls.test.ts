/**
 * TLS on the way out, over real sockets: what is kept, what is refused, and what an attacker
 * on the way can reach. A dialogue that ends after EHLO shows that nothing of the message
 * was said.
 */
import { describe, expect, it } from 'vitest';
import {
  AUTHORITY,
  certified,
  offering,
  signedZone,
  startWorld,
  STRANGER,
  TAKES,
  TAKES_AND_CLOSES,
  tlsaOf,
  WITH_TLS,
  WITHOUT_TLS,
} from './tls-world.ts';
import type { WorldSetting } from './tls-world.ts';

/** A host that takes mail over TLS, offering these. */
const TAKES_OVER_TLS = `${WITH_TLS}\n${offering()}${TAKES}`;
/** Left after EHLO, or before. */
const LEFT_AFTER_EHLO = `${WITH_TLS}\n${offering()}`;
/** The client may try STARTTLS although it is not offered, and is told no. */
const STRIPPED = `${WITHOUT_TLS}
  C: STARTTLS
  S: 502 5.5.1 What`;

const ENFORCED = 'version: STSv1\nmode: enforce\nmx: mx.example.test\nmax_age: 86400\n';
const OWN = certified('mx.example.test');
const SELF_MADE = certified('mx.example.test', { by: STRANGER });

async function outcomeOf(
  setting: WorldSetting,
  message?: Parameters<Awaited<ReturnType<typeof startWorld>>['send']>[0],
) {
  const world = await startWorld(setting);
  const outcome = await world.send(message);
  await world.stop();
  return outcome;
}

const REFUSED = { kind: 'delayed', scope: 'host', status: { class: 4, subject: 7, detail: 5 } };

describe('opportunistic TLS', () => {
  it('takes any certificate, and tells what it was', async () => {
    expect(await outcomeOf({ dialogues: [TAKES_OVER_TLS], certificate: SELF_MADE })).toMatchObject({
      kind: 'relayed',
      tls: { version: 'TLSv1.3', verified: false },
    });
  });

  it('goes without where there is none', async () => {
    const outcome = await outcomeOf({ dialogues: [`${WITHOUT_TLS}${TAKES}`] });
    expect(outcome).toMatchObject({ kind: 'relayed' });
    expect(outcome.tls).toBeUndefined();
  });

  it('does not leave out a TLS that breaks, by setting', async () => {
    const broken = `${WITHOUT_TLS.replace('250 mx', '250-mx')}\nS: 250 STARTTLS\nC: STARTTLS\nS: 220 Ready\n! garbage\n! drop`;
    const options = { fallsBack: false };
    expect(await outcomeOf({ dialogues: [broken], options })).toMatchObject(REFUSED);
  });
});

describe('DANE', () => {
  const zone =
    (...tlsa: Parameters<typeof signedZone>[1][]) =>
    (port: number) =>
      signedZone(port, ...tlsa);

  it.each([
    ['its key', tlsaOf(OWN)],
    ['its authority', tlsaOf(AUTHORITY, 2)],
  ])('is kept to where a record has %s', async (_, record) => {
    expect(
      await outcomeOf({ dialogues: [TAKES_OVER_TLS], certificate: OWN, zone: zone(record) }),
    ).toMatchObject({ kind: 'relayed', tls: { verified: true, verifiedBy: 'dane' } });
  });

  it('asks for no name and no date where a record has the key', async () => {
    const certificate = certified('elsewhere.test', { by: STRANGER, expired: true });
    const setting = { dialogues: [TAKES_OVER_TLS], certificate, zone: zone(tlsaOf(certificate)) };
    expect(await outcomeOf(setting)).toMatchObject({ tls: { verifiedBy: 'dane' } });
  });

  it('says nothing to a host with another certificate', async () => {
    const setting = {
      dialogues: [LEFT_AFTER_EHLO],
      certificate: SELF_MADE,
      zone: zone(tlsaOf(OWN)),
    };
    const outcome = await outcomeOf(setting);
    expect(outcome).toMatchObject({ ...REFUSED, tls: { verified: false } });
    expect(outcome).toHaveProperty('reason', expect.stringContaining('no TLSA record fits'));
  });

  it('says nothing to a host without TLS', async () => {
    expect(await outcomeOf({ dialogues: [STRIPPED], zone: zone(tlsaOf(OWN)) })).toMatchObject(
      REFUSED,
    );
  });

  it('waits while the DNS does not answer for the records', async () => {
    const world = await startWorld({ dialogues: [], zone: zone(tlsaOf(OWN)) });
    world.dns.fail(`_${world.peer.port}._tcp.mx.example.test`, 'server-failure');
    expect(await world.send()).toMatchObject({
      kind: 'delayed',
      scope: 'host',
      status: { class: 4, subject: 4, detail: 3 },
    });
    await world.stop();
  });

  it('encrypts where no record can be used', async () => {
    const setting = { certificate: SELF_MADE, zone: zone(tlsaOf(OWN, 1)) };
    expect(await outcomeOf({ ...setting, dialogues: [TAKES_OVER_TLS] })).toMatchObject({
      tls: { verified: false },
    });
    expect(await outcomeOf({ ...setting, dialogues: [STRIPPED] })).toMatchObject(REFUSED);
  });

  it('does not count where the MX record is not signed', async () => {
    const unsigned = (port: number) => ({
      ...signedZone(port, tlsaOf(OWN)),
      'example.test': { mx: [[10, 'mx.example.test'] as const] },
    });
    const setting = { dialogues: [TAKES_OVER_TLS], certificate: SELF_MADE, zone: unsigned };
    expect(await outcomeOf(setting)).toMatchObject({ kind: 'relayed', tls: { verified: false } });
  });

  it('can be switched off', async () => {
    const setting = {
      dialogues: [TAKES_OVER_TLS],
      certificate: SELF_MADE,
      zone: zone(tlsaOf(OWN)),
    };
    expect(await outcomeOf({ ...setting, options: { usesDane: false } })).toMatchObject({
      kind: 'relayed',
    });
  });
});

describe('MTA-STS', () => {
  it('is kept to', async () => {
    expect(await outcomeOf({ dialogues: [TAKES_OVER_TLS], policy: ENFORCED })).toMatchObject({
      kind: 'relayed',
      tls: { verified: true, verifiedBy: 'mta-sts' },
    });
  });

  it.each([
    ['of an authority that is not believed', SELF_MADE],
    ['of another name', certified('elsewhere.test')],
    ['that has expired', certified('mx.example.test', { expired: true })],
  ])('says nothing to a host with a certificate %s', async (_, certificate) => {
    const setting = { dialogues: [LEFT_AFTER_EHLO], certificate, policy: ENFORCED };
    expect(await outcomeOf(setting)).toMatchObject(REFUSED);
  });

  it('says nothing to a host without TLS', async () => {
    expect(await outcomeOf({ dialogues: [STRIPPED], policy: ENFORCED })).toMatchObject(REFUSED);
  });

  it('does not even connect to a host that the policy does not name', async () => {
    const policy = ENFORCED.replace('mx.example.test', '*.elsewhere.test');
    const outcome = await outcomeOf({ dialogues: [], policy });
    expect(outcome).toMatchObject(REFUSED);
    expect(outcome).toHaveProperty('reason', expect.stringContaining('none of *.elsewhere.test'));
  });

  it('only looks while it is in testing', async () => {
    const policy = ENFORCED.replace('enforce', 'testing');
    const setting = { dialogues: [TAKES_OVER_TLS], certificate: SELF_MADE, policy };
    expect(await outcomeOf(setting)).toMatchObject({ kind: 'relayed', tls: { verified: false } });
  });

  it('outlives that its record is stripped from the DNS', async () => {
    const first = `${WITH_TLS}
${offering()}${TAKES_AND_CLOSES}`;
    const world = await startWorld({ dialogues: [first, STRIPPED], policy: ENFORCED });
    expect(await world.send()).toMatchObject({ kind: 'relayed' });
    world.dns.fail('_mta-sts.example.test', 'refused');
    expect(await world.send()).toMatchObject(REFUSED);
    await world.stop();
  });
});

describe('what is counted for the report of a domain', () => {
  it.each<[string, WorldSetting, object]>([
    [
      'a session as wanted',
      { dialogues: [TAKES_OVER_TLS], policy: ENFORCED },
      { policy: { type: 'sts' }, successes: 1, failures: 0 },
    ],
    [
      'a certificate that is wrong',
      { dialogues: [LEFT_AFTER_EHLO], certificate: SELF_MADE, policy: ENFORCED },
      { failures: 1, details: [{ result: 'certificate-not-trusted', receivingIp: '127.0.0.1' }] },
    ],
    [
      'a policy in testing that is not kept',
      {
        dialogues: [TAKES_OVER_TLS],
        policy: ENFORCED.replace('enforce', 'testing').replace('mx.example', '*.elsewhere'),
      },
      { successes: 0, details: [{ result: 'validation-failure', mxHost: 'mx.example.test' }] },
    ],
    [
      'a host that no policy names',
      { dialogues: [], policy: ENFORCED.replace('mx.example', '*.elsewhere') },
      { details: [{ result: 'validation-failure' }] },
    ],
    [
      'a session in the clear',
      { dialogues: [`${WITHOUT_TLS}${TAKES}`] },
      { policy: { type: 'no-policy-found' }, details: [{ result: 'starttls-not-supported' }] },
    ],
    [
      'records that do not fit',
      {
        dialogues: [LEFT_AFTER_EHLO],
        certificate: SELF_MADE,
        zone: (port) => signedZone(port, tlsaOf(OWN)),
      },
      { policy: { type: 'tlsa' }, details: [{ result: 'certificate-not-trusted' }] },
    ],
  ])('is %s', async (_, setting, policy) => {
    const world = await startWorld(setting);
    await world.send();
    expect(world.tls.security.tally()).toMatchObject([
      { domain: 'example.test', policies: [policy] },
    ]);
    await world.stop();
  });

  it('is nothing of what a rule of ours, or the author, made so', async () => {
    const options = { rules: { 'example.test': { level: 'may' } } } as const;
    const world = await startWorld({ dialogues: [TAKES_OVER_TLS], options });
    await world.send();
    expect(world.tls.security.tally()).toEqual([]);
    await world.stop();
  });
});

it('a refusal tells which TLS it came over', async () => {
  const refuses = `${WITH_TLS}
    ${offering()}
    C: MAIL FROM:<>*
    S: 250 Ok
    C: RCPT TO:<bob@example.test>
    S: 550 5.1.1 Nobody
    C: RSET
    S: 250 Ok
    C: QUIT
    S: 221 Bye`;
  expect(await outcomeOf({ dialogues: [refuses], policy: ENFORCED })).toMatchObject({
    kind: 'failed',
    reply: { code: 550 },
    tls: { version: 'TLSv1.3', verifiedBy: 'mta-sts' },
  });
});

describe('a rule', () => {
  it('goes before what the domain publishes', async () => {
    const options = { rules: { 'example.test': { level: 'may' } } } as const;
    const setting = {
      dialogues: [TAKES_OVER_TLS],
      certificate: SELF_MADE,
      policy: ENFORCED,
      options,
    };
    expect(await outcomeOf(setting)).toMatchObject({ kind: 'relayed', tls: { verified: false } });
  });

  it('wants its own names', async () => {
    const certificate = certified('elsewhere.test');
    const options = {
      rules: { '*.test': { level: 'verify', names: ['elsewhere.test'] } },
    } as const;
    expect(await outcomeOf({ dialogues: [TAKES_OVER_TLS], certificate, options })).toMatchObject({
      tls: { verifiedBy: 'pki' },
    });
  });

  it('keeps TLS off', async () => {
    const options = { rules: { 'example.test': { level: 'off' } } } as const;
    const dialogue = `${WITHOUT_TLS.replace('250 mx', '250-mx')}\nS: 250 STARTTLS${TAKES}`;
    expect((await outcomeOf({ dialogues: [dialogue], options })).tls).toBeUndefined();
  });
});

describe('a host that offered TLS before and does not now', () => {
  const before = `${WITH_TLS}
${offering()}${TAKES_AND_CLOSES}`;

  it('is told of', async () => {
    const world = await startWorld({ dialogues: [before, `${WITHOUT_TLS}${TAKES}`] });
    await world.send();
    expect(await world.send()).toMatchObject({ kind: 'relayed' });
    expect(world.log.events).toContainEqual(
      expect.objectContaining({ event: 'tls-withdrawn', host: 'mx.example.test' }),
    );
    await world.stop();
  });

  it('gets nothing, by setting', async () => {
    const options = { insistsOnKnownTls: true };
    const world = await startWorld({ dialogues: [before, STRIPPED], options });
    await world.send();
    expect(await world.send()).toMatchObject(REFUSED);
    await world.stop();
  });
});

describe('a message with REQUIRETLS', () => {
  const message = { params: { requireTls: true } } as const;
  const takes = `${WITH_TLS}\n${offering('REQUIRETLS')}${TAKES.replace('<>*', '<> REQUIRETLS')}`;

  it('goes to a host that is verified and keeps it', async () => {
    expect(await outcomeOf({ dialogues: [takes], policy: ENFORCED }, message)).toMatchObject({
      kind: 'relayed',
    });
  });

  it('fails where the host does not keep it', async () => {
    expect(
      await outcomeOf(
        { dialogues: [`${LEFT_AFTER_EHLO}\nC: QUIT\nS: 221 Bye`], policy: ENFORCED },
        message,
      ),
    ).toMatchObject({
      kind: 'failed',
      proof: 'unsupported',
      status: { class: 5, subject: 7, detail: 30 },
    });
  });

  it('fails where TLS is stripped from the offers', async () => {
    expect(await outcomeOf({ dialogues: [STRIPPED], policy: ENFORCED }, message)).toMatchObject({
      kind: 'failed',
      proof: 'unsupported',
      status: { class: 5, subject: 7, detail: 10 },
      reply: { code: 502 },
    });
  });

  it('fails where nothing proves the name of the host', async () => {
    expect(await outcomeOf({ dialogues: [] }, message)).toMatchObject({
      kind: 'failed',
      status: { class: 5, subject: 7, detail: 30 },
    });
  });

  it('fails where the certificate is wrong', async () => {
    const setting = { dialogues: [LEFT_AFTER_EHLO], certificate: SELF_MADE, policy: ENFORCED };
    expect(await outcomeOf(setting, message)).toMatchObject({
      kind: 'failed',
      status: { class: 5, subject: 7, detail: 10 },
    });
  });
});

it('a message with TLS-Required: No arrives where the policy would keep it back', async () => {
  const setting = { dialogues: [TAKES_OVER_TLS], certificate: SELF_MADE, policy: ENFORCED };
  expect(await outcomeOf(setting, { tlsOptional: true })).toMatchObject({ kind: 'relayed' });
});

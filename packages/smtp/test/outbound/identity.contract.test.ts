/**
 * Who a peer must prove to be, over real TLS: the judge sees what it showed, and a peer that
 * is not the right one hears nothing but EHLO (each dialogue ends there).
 */
import { describe, expect, it } from 'vitest';
import { NO_PARAMS, silentLogger, systemClock } from '@posthouse/mail';
import { startScriptedPeer } from '@posthouse/testkit';
import { connect } from '../../src/outbound/connect.ts';
import type {
  ConnectTarget,
  PeerCertificates,
  PeerIdentity,
  PeerVerdict,
  TargetTls,
} from '../../src/outbound/connect-target.ts';
import { targetKey } from '../../src/outbound/connect-target.ts';
import type { TlsOutcome } from '../../src/outbound/tls-outcome.ts';
import { PEER_CERTIFICATE } from './certificates.ts';
import { begin, hello, QUIT, targetOf } from './peers.ts';

const RIGHT: PeerVerdict = { kind: 'right', by: 'dane' };
const WRONG: PeerVerdict = { kind: 'wrong', fault: 'certificate-expired', reason: 'too old' };
const AFTER_TLS = hello('PIPELINING', 'AUTH PLAIN', 'REQUIRETLS').replace(
  'S: 220 peer.example.test ESMTP',
  '',
);
const STARTTLS = `
  ${hello('STARTTLS')}
  C: STARTTLS
  S: 220 2.0.0 ready
  ! tls
  ${AFTER_TLS}`;
const FROM_THE_START = `! tls\n${hello('PIPELINING')}`;
const ME = {
  user: 'me',
  password: () => {
    throw new Error('nobody may ask for the password');
  },
};

interface Tried {
  readonly result: unknown;
  readonly seen: readonly PeerCertificates[];
  readonly told: readonly TlsOutcome[];
}

function judged(verdict: PeerVerdict, seen: PeerCertificates[] = []): PeerIdentity {
  return {
    key: JSON.stringify(verdict),
    judge(peer) {
      seen.push(peer);
      return verdict;
    },
  };
}

/** Connects; what came of it, closed in good manners where it stands. */
async function attempt(
  dialogues: readonly string[],
  tls: TargetTls,
  more: Partial<ConnectTarget> = {},
): Promise<Tried> {
  const peer = await startScriptedPeer(dialogues, { tls: PEER_CERTIFICATE });
  const seen: PeerCertificates[] = [];
  const told: TlsOutcome[] = [];
  const identity = tls.identity && {
    key: tls.identity.key,
    judge(shown: PeerCertificates): PeerVerdict {
      seen.push(shown);
      return tls.identity?.judge(shown) ?? WRONG;
    },
  };
  const target = targetOf(peer, { tls: { ...tls, ...(identity && { identity }) }, ...more });
  const deps = {
    clock: systemClock,
    logger: silentLogger,
    onTls: (outcome: TlsOutcome) => void told.push(outcome),
  };
  const result = await connect(target, deps).then(
    async (session) => {
      const { offers, tls: facts } = session;
      await session.quit();
      return { offers, tls: facts };
    },
    (error: unknown) => error,
  );
  await peer.stop();
  return { result, seen, told };
}

describe('a peer that is the right one', () => {
  it.each([
    ['required', `${STARTTLS}${QUIT}`],
    ['implicit', `${FROM_THE_START}${QUIT}`],
    ['opportunistic', `${STARTTLS}${QUIT}`],
  ] as const)('is one by its judge, whatever the authorities say (%s)', async (mode, dialogue) => {
    const { result, seen, told } = await attempt([dialogue], {
      mode,
      verify: false,
      identity: judged(RIGHT),
    });
    const tls = { verified: true, verifiedBy: 'dane' };
    expect(result).toMatchObject({ tls });
    expect(seen).toMatchObject([{ distrust: 'DEPTH_ZERO_SELF_SIGNED_CERT' }]);
    expect(seen[0]?.chain.map(({ subject }) => subject)).toHaveLength(1);
    expect(told).toMatchObject([{ tls }]);
    expect(told[0]?.fault).toBeUndefined();
  });

  it('is not asked for its name where its judge does not', async () => {
    const tls: TargetTls = {
      mode: 'required',
      verify: true,
      ca: PEER_CERTIFICATE.cert,
      identity: judged(RIGHT),
    };
    const more = { servername: 'elsewhere.test' };
    const { result, seen } = await attempt([`${STARTTLS}${QUIT}`], tls, more);
    expect(result).toMatchObject({ tls: { verified: true } });
    expect(seen[0]?.distrust).toBeUndefined();
  });
});

describe('a peer that is not', () => {
  it.each([
    ['required', STARTTLS],
    ['implicit', FROM_THE_START],
  ] as const)('hears nothing but EHLO, and no login (%s)', async (mode, dialogue) => {
    const tls: TargetTls = { mode, verify: false, identity: judged(WRONG) };
    const { result, told } = await attempt([dialogue], tls, { authentication: ME });
    expect(result).toMatchObject({
      code: 'next-hop-tls',
      permanent: false,
      scope: 'host',
      tls: { verified: false },
      message: expect.stringContaining('too old') as unknown,
    });
    expect(told).toMatchObject([{ fault: { kind: 'certificate-expired' } }]);
  });

  it('is spoken to where any would do, and told of', async () => {
    const tls: TargetTls = { mode: 'opportunistic', verify: false, identity: judged(WRONG) };
    const { result, told } = await attempt([`${STARTTLS}${QUIT}`], tls);
    expect(result).toMatchObject({ tls: { verified: false } });
    expect(told).toMatchObject([
      { tls: { verified: false }, fault: { kind: 'certificate-expired' } },
    ]);
  });

  it('may show what no judge can look at', async () => {
    const identity: PeerIdentity = {
      key: 'x',
      judge() {
        throw new TypeError('an unknown kind of key');
      },
    };
    const { result, told } = await attempt([STARTTLS], {
      mode: 'required',
      verify: false,
      identity,
    });
    expect(result).toMatchObject({ code: 'next-hop-tls' });
    expect(told).toMatchObject([{ fault: { kind: 'certificate-not-trusted' } }]);
  });
});

describe('a connection without TLS', () => {
  it('is told of where it was wished for', async () => {
    const { told } = await attempt([`${hello()}${QUIT}`], { mode: 'opportunistic', verify: false });
    expect(told).toMatchObject([{ fault: { kind: 'starttls-not-supported' } }]);
  });

  it('is told of where it was demanded', async () => {
    const stripped = `${hello()}\nC: STARTTLS\nS: 502 5.5.1 What`;
    const { result, told } = await attempt([stripped], { mode: 'required', verify: false });
    expect(result).toMatchObject({ code: 'next-hop-tls' });
    expect(told).toMatchObject([{ fault: { kind: 'starttls-not-supported' } }]);
  });

  it('is told of with what broke it, once', async () => {
    const broken = `${hello('STARTTLS')}\nC: STARTTLS\nS: 220 ready\n! garbage\n! drop`;
    const dialogues = [broken, `${hello('STARTTLS')}${QUIT}`];
    const { told } = await attempt(dialogues, { mode: 'opportunistic', verify: false });
    expect(told).toMatchObject([{ fault: { kind: 'validation-failure' } }]);
  });

  it('is not made where a TLS that broke may not be left out', async () => {
    const broken = `${hello('STARTTLS')}\nC: STARTTLS\nS: 220 ready\n! garbage\n! drop`;
    const tls = { mode: 'opportunistic', verify: false, fallsBack: false } as const;
    expect((await attempt([broken], tls)).result).toMatchObject({ code: 'next-hop-tls' });
  });
});

it('connections are shared only where the same is demanded', () => {
  const target = (tls: Partial<TargetTls>): string =>
    targetKey(
      targetOf(
        { host: '127.0.0.1', port: 25 },
        { tls: { mode: 'required', verify: false, ...tls } },
      ),
    );
  expect(target({ identity: judged(RIGHT) })).toBe(target({ identity: judged(RIGHT) }));
  const keys = [{}, { identity: judged(RIGHT) }, { identity: judged(WRONG) }, { fallsBack: false }];
  expect(new Set(keys.map(target)).size).toBe(keys.length);
});

it('REQUIRETLS needs a peer that offers it, and TLS that is verified', async () => {
  const peer = await startScriptedPeer(
    [`${STARTTLS.replace('250 REQUIRETLS', '250 DSN')}${QUIT}`],
    {
      tls: PEER_CERTIFICATE,
    },
  );
  const tls: TargetTls = { mode: 'required', verify: false, identity: judged(RIGHT) };
  const deps = { clock: systemClock, logger: silentLogger };
  const session = await connect(targetOf(peer, { tls }), deps);
  const transaction = begin(session, { ...NO_PARAMS, requireTls: true });
  await expect(transaction.opened).rejects.toMatchObject({ code: 'requiretls-unsupported' });
  await transaction.abort();
  await session.quit();
  await peer.stop();
});

import { argon2Sync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createManualClock } from '@posthouse/testkit';
import { createHashLine } from '../src/hash-line.ts';
import { createPasswordCheck } from '../src/password-check.ts';
import type { PasswordCheck } from '../src/password-check.ts';
import type { PasswordHash } from '../src/password-hash.ts';

/** A hash of `secret` that costs next to nothing. */
const CHEAP = cheapHash('secret');

function cheapHash(password: string): PasswordHash {
  const cost = { memoryKib: 8, passes: 1, lanes: 1, salt: Buffer.alloc(16, 1) };
  const tag = argon2Sync('argon2id', {
    message: Buffer.from(password),
    nonce: cost.salt,
    memory: cost.memoryKib,
    passes: cost.passes,
    parallelism: cost.lanes,
    tagLength: 32,
  });
  return { ...cost, tag, text: 'cheap' };
}

interface Guess {
  readonly name?: string;
  readonly password: string;
  readonly peer?: string;
}

function guess(check: PasswordCheck, { name = 'alice', password, peer = 'a' }: Guess) {
  return check.isRight({ name, password, peer, hash: CHEAP }).catch(() => 'no answer');
}

describe('failures', () => {
  test('a client that tries one old password all day is not locked out', async () => {
    const check = createPasswordCheck(createManualClock());
    for (let i = 0; i < 100; i++) expect(await guess(check, { password: 'old' })).toBe(false);
    expect(await guess(check, { password: 'secret' })).toBe(true);
  });

  test('count for a client over all names that it tries', async () => {
    const clock = createManualClock();
    const check = createPasswordCheck(clock);
    for (let i = 0; i < 50; i++) {
      expect(await guess(check, { name: `name ${i}`, password: 'x' })).toBe(false);
    }
    expect(await guess(check, { name: 'another', password: 'x' })).toBe('no answer');
    expect(await guess(check, { name: 'another', password: 'x', peer: 'b' })).toBe(false);
    await clock.advance(6000);
    expect(await guess(check, { password: 'secret' })).toBe(true);
  });

  test('are those of one client from anywhere in an IPv6 /64', async () => {
    const check = createPasswordCheck(createManualClock());
    for (let i = 0; i < 10; i++) {
      expect(await guess(check, { password: `no ${i}`, peer: `2001:db8::${i}` })).toBe(false);
    }
    expect(await guess(check, { password: 'secret', peer: '2001:db8::99' })).toBe('no answer');
  });
});

describe('the line in front of the hashes', () => {
  test('serves the clients by turns, whoever came with many', async () => {
    const line = createHashLine(10);
    const served: string[] = [];
    const work = (client: string) => line.run(client, async () => void served.push(client));
    await Promise.all([...Array.from({ length: 5 }, () => work('guesser')), work('a'), work('b')]);
    expect(served.slice(0, 4)).toEqual(['guesser', 'guesser', 'a', 'b']);
    expect(served).toHaveLength(7);
  });

  test('makes room for others at the cost of who has the most in it', async () => {
    const line = createHashLine(10);
    const guesses = Array.from({ length: 20 }, () =>
      line.run('guesser', async () => 'served').catch(() => 'sent away'),
    );
    const others = ['a', 'b', 'c'].map((client) => line.run(client, async () => 'served'));
    expect(await Promise.all(others)).toEqual(['served', 'served', 'served']);
    const answers = await Promise.all(guesses);
    expect(answers.filter((answer) => answer === 'served')).toHaveLength(8);
  });

  test('goes on after work that failed', async () => {
    const line = createHashLine(10);
    const failed = line.run('a', async () => Promise.reject(new Error('no memory')));
    const next = line.run('a', async () => 'served');
    await expect(failed).rejects.toThrow('no memory');
    expect(await next).toBe('served');
  });
});

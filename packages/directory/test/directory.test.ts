import { rm, writeFile } from 'node:fs/promises';
import { createManualClock, mailbox } from '@posthouse/testkit';
import type { ManualClock } from '@posthouse/testkit';
import { describe, expect, test } from 'vitest';
import { addAccount, removeAccount, setPassword } from '../src/accounts-file.ts';
import { createDirectory } from '../src/directory.ts';
import type { Directory } from '../src/directory.ts';
import { accountLines, rememberingLogger, scratchPath } from './scratch.ts';
import type { RememberingLogger } from './scratch.ts';

interface Scene {
  readonly directory: Directory;
  readonly clock: ManualClock;
  readonly logger: RememberingLogger;
  readonly path: string;
}

async function scene(): Promise<Scene> {
  const path = await scratchPath('accounts');
  const clock = createManualClock();
  const logger = rememberingLogger();
  const directory = createDirectory(
    { domains: ['own.test'], accountsFile: path },
    { logger, clock },
  );
  return { directory, clock, logger, path };
}

const ALICE = 'alice@own.test';
const errors = ({ logger }: Scene): number =>
  logger.events.filter((fields) => fields.event === 'accounts-not-read').length;

describe('logging in', () => {
  test('takes the right password, in any case of the name, and no other', async () => {
    const { directory, path } = await scene();
    await addAccount({ path }, ALICE, 'secret');
    await directory.start();
    expect(await directory.authenticate('Alice@OWN.test', 'secret')).toMatchObject({ name: ALICE });
    expect(await directory.authenticate(ALICE, 'Secret')).toBeUndefined();
    expect(await directory.authenticate(ALICE, '')).toBeUndefined();
    expect(await directory.authenticate('bob@own.test', 'secret')).toBeUndefined();
    expect(await directory.authenticate('nonsense', 'secret')).toBeUndefined();
    expect(await directory.authenticate('alice+x@own.test', 'secret')).toBeUndefined();
  });

  test('notices a new account and a new password at once, and a removed account after a second', async () => {
    const { directory, path, clock } = await scene();
    await directory.start();
    expect(await directory.authenticate(ALICE, 'one')).toBeUndefined();
    await addAccount({ path }, ALICE, 'one');
    expect(await directory.authenticate(ALICE, 'one')).toMatchObject({ name: ALICE });
    await setPassword({ path }, ALICE, 'two');
    expect(await directory.authenticate(ALICE, 'two')).toMatchObject({ name: ALICE });
    expect(await directory.authenticate(ALICE, 'one')).toBeUndefined();
    await removeAccount({ path }, ALICE);
    await clock.advance(1000);
    expect(await directory.authenticate(ALICE, 'two')).toBeUndefined();
    await directory.stop();
  });

  test('ten failures are free, then one a minute, for each account and peer', async () => {
    const { directory, path, clock } = await scene();
    await addAccount({ path }, ALICE, 'secret');
    await directory.start();
    const guess = (password: string, peer: string): Promise<unknown> =>
      directory.authenticate(ALICE, password, peer);
    for (let i = 0; i < 10; i++) expect(await guess(`no ${i}`, '192.0.2.1')).toBeUndefined();
    await expect(guess('secret', '192.0.2.1')).rejects.toMatchObject({
      code: 'authentication-unavailable',
    });
    expect(await guess('secret', '192.0.2.2')).toMatchObject({ name: ALICE });
    await clock.advance(60_000);
    expect(await guess('secret', '192.0.2.1')).toMatchObject({ name: ALICE });
    expect(await guess('no', '192.0.2.1')).toBeUndefined();
    await expect(guess('no', '192.0.2.1')).rejects.toMatchObject({ permanent: false });
  });

  test('a crowd is answered in turn, and what is too much is sent away', async () => {
    const { directory, path } = await scene();
    await addAccount({ path }, ALICE, 'secret');
    await directory.start();
    const crowd = Array.from({ length: 40 }, (_, i) =>
      directory.authenticate(ALICE, `no ${i}`, `peer ${i}`).then(
        () => 'answered',
        (error: unknown) => (error instanceof Error ? error.message : ''),
      ),
    );
    const answers = await Promise.all(crowd);
    expect(answers.filter((answer) => answer === 'answered')).toHaveLength(33);
    expect(answers.at(-1)).toMatch(/^454 4\.7\.0 /);
  });

  test('many logins of one client at once cost one hash, and no attempts', async () => {
    const { directory, path } = await scene();
    await addAccount({ path }, ALICE, 'secret');
    await directory.start();
    const client = Array.from({ length: 100 }, () => directory.authenticate(ALICE, 'secret', 'x'));
    const accounts = await Promise.all(client);
    expect(accounts.every((account) => account?.name === ALICE)).toBe(true);
  });
});

describe('the accounts file of a running directory', () => {
  test('may be missing at the start', async () => {
    const { directory, path, logger } = await scene();
    await directory.start();
    expect(logger.events).toMatchObject([{ event: 'accounts-missing' }]);
    expect(directory.resolve(mailbox(ALICE)).kind).toBe('unknown');
    await writeFile(path, accountLines(ALICE));
    expect(directory.resolve(mailbox(ALICE)).kind).toBe('account');
  });

  test('stops the start when it is broken', async () => {
    const { directory, path } = await scene();
    await writeFile(path, 'x');
    await expect(directory.start()).rejects.toMatchObject({ kind: 'broken' });
  });

  test('keeps the last good accounts when it breaks or goes, and says so once', async () => {
    const s = await scene();
    await writeFile(s.path, accountLines(ALICE));
    await s.directory.start();
    await writeFile(s.path, 'x');
    for (let i = 0; i < 3; i++) {
      await s.clock.advance(1000);
      expect(s.directory.resolve(mailbox(ALICE)).kind).toBe('account');
      expect(s.directory.resolve(mailbox('bob@own.test')).kind).toBe('unknown');
    }
    expect(errors(s)).toBe(1);
    await rm(s.path);
    for (let i = 0; i < 3; i++) {
      await s.clock.advance(1000);
      expect(s.directory.resolve(mailbox(ALICE)).kind).toBe('account');
    }
    expect(errors(s)).toBe(2);
    await writeFile(s.path, accountLines('bob@own.test'));
    await s.clock.advance(1000);
    expect(s.directory.resolve(mailbox(ALICE)).kind).toBe('unknown');
    expect(s.directory.resolve(mailbox('bob@own.test')).kind).toBe('account');
  });

  test('a positive answer costs no look at the file within a second', async () => {
    const { directory, path, clock } = await scene();
    await writeFile(path, accountLines(ALICE));
    await directory.start();
    await rm(path);
    await writeFile(path, accountLines('bob@own.test'));
    expect(directory.resolve(mailbox(ALICE)).kind).toBe('account');
    await clock.advance(1000);
    expect(directory.resolve(mailbox(ALICE)).kind).toBe('unknown');
  });
});

describe('reload', () => {
  test('takes new options and accounts together', async () => {
    const { directory, path } = await scene();
    await directory.start();
    await writeFile(path, accountLines('alice@new.test'));
    await directory.reload({ domains: ['new.test'], accountsFile: path });
    expect(directory.resolve(mailbox('alice@new.test')).kind).toBe('account');
    expect(directory.resolve(mailbox(ALICE)).kind).toBe('unknown');
  });

  test('changes nothing when anything is wrong', async () => {
    const { directory, path } = await scene();
    await writeFile(path, accountLines(ALICE));
    await directory.start();
    const other = `${path}.other`;
    await writeFile(other, 'x');
    await expect(directory.reload({ domains: ['?'], accountsFile: path })).rejects.toThrow(
      'domains',
    );
    await expect(directory.reload({ domains: ['a.test'], accountsFile: other })).rejects.toThrow(
      'line 1',
    );
    await rm(path);
    await expect(directory.reload({ domains: ['a.test'], accountsFile: path })).rejects.toThrow(
      'gone',
    );
    expect(directory.resolve(mailbox(ALICE)).kind).toBe('account');
  });
});

describe('a list', () => {
  test('is gone through once, until its address book or the accounts change', async () => {
    const { clock, logger, path } = await scene();
    const options = (bob: string) => ({
      domains: ['own.test'],
      accountsFile: path,
      aliases: { 'team@own.test': [ALICE, bob] },
    });
    await addAccount({ path }, ALICE, 'secret');
    await addAccount({ path }, 'bob@own.test', 'secret');
    const directory = createDirectory(options('bob@own.test'), { clock, logger });
    await directory.start();
    const expand = () => directory.expand(mailbox('Team@own.test'));
    const first = expand();
    expect(first.finals.map(({ localPart }) => localPart)).toEqual(['alice', 'bob']);
    expect(expand()).toBe(first);
    await removeAccount({ path }, 'bob@own.test');
    await clock.advance(1000);
    expect(expand()).toMatchObject({ finals: [{ localPart: 'alice' }], lost: [{}] });
    await directory.reload(options('bob@other.test'));
    expect(expand().finals.map(({ domain }) => domain)).toEqual(['own.test', 'other.test']);
    await directory.stop();
  });
});

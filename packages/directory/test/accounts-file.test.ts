import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  access,
  chmod,
  mkdir,
  readFile,
  readlink,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { addAccount, listAccounts, removeAccount, setPassword } from '../src/accounts-file.ts';
import { accountLines, scratchPath } from './scratch.ts';

describe('the accounts file', () => {
  test('is made for the first account, for its owner only', async () => {
    const path = await scratchPath('var/accounts');
    expect(await listAccounts({ path })).toEqual([]);
    expect(await addAccount({ path }, 'Alice@Example.test', 'secret')).toBe('alice@example.test');
    expect(await listAccounts({ path })).toEqual(['alice@example.test']);
    expect(await readFile(path, 'utf8')).toMatch(
      /^alice@example\.test:\{ARGON2ID\}\$argon2id\$v=19\$m=19456,t=2,p=1\$[^:]+::::::\n$/,
    );
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  test('lets its group go on reading, and nobody else', async () => {
    const path = await scratchPath('accounts');
    await writeFile(path, '');
    await chmod(path, 0o644);
    await addAccount({ path }, 'alice@example.test', 'secret');
    expect((await stat(path)).mode & 0o777).toBe(0o640);
  });

  test('may be a symbolic link, and stays one', async () => {
    const path = await scratchPath('accounts');
    const real = join(dirname(path), 'real');
    await mkdir(real);
    await writeFile(join(real, 'accounts'), '');
    await symlink('real/accounts', path);
    await addAccount({ path }, 'alice@example.test', 'secret');
    expect(await readlink(path)).toBe('real/accounts');
    expect(await listAccounts({ path: join(real, 'accounts') })).toEqual(['alice@example.test']);
  });

  test('loses no account when several are added at the same time', async () => {
    const path = await scratchPath('accounts');
    const names = Array.from({ length: 8 }, (_, i) => `user${i}@example.test`);
    await Promise.all(names.map((name) => addAccount({ path }, name, 'secret')));
    expect((await listAccounts({ path })).toSorted()).toEqual(names);
    await expect(access(`${path}.lock`)).rejects.toThrow('ENOENT');
  });

  test('is not held by a command that died', async () => {
    const path = await scratchPath('accounts');
    const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' });
    await once(child, 'exit');
    await writeFile(`${path}.lock`, `${child.pid} ${hostname()}\n`);
    await addAccount({ path }, 'alice@example.test', 'secret');
    expect(await listAccounts({ path })).toEqual(['alice@example.test']);
  });

  test('changes one line and keeps the rest', async () => {
    const path = await scratchPath('accounts');
    await writeFile(path, `# staff\n${accountLines('a@example.test', 'b@example.test')}`);
    await setPassword({ path }, 'A@example.test', 'secret');
    await removeAccount({ path }, 'b@example.test');
    expect(await readFile(path, 'utf8')).toMatch(/^# staff\na@example\.test:\{ARGON2ID\}[^\n]+\n$/);
  });

  test.each([
    ['account-exists', (path: string) => addAccount({ path }, 'a@example.test', 'x')],
    ['no-such-account', (path: string) => setPassword({ path }, 'z@example.test', 'x')],
    ['no-such-account', (path: string) => removeAccount({ path }, 'z@example.test')],
    ['bad-name', (path: string) => addAccount({ path }, '../z@example.test', 'x')],
    ['bad-password', (path: string) => setPassword({ path }, 'a@example.test', '')],
  ])('a change that cannot be made (%s) changes nothing', async (kind, attempt) => {
    const path = await scratchPath('accounts');
    const before = accountLines('a@example.test');
    await writeFile(path, before);
    await expect(attempt(path)).rejects.toMatchObject({ name: 'AccountsError', kind });
    expect(await readFile(path, 'utf8')).toBe(before);
  });

  test('is not changed when it has mistakes, and they are all told', async () => {
    const path = await scratchPath('accounts');
    await writeFile(path, 'a@example.test\nb\n');
    const failure = addAccount({ path }, 'c@example.test', 'x');
    await expect(failure).rejects.toMatchObject({ kind: 'broken' });
    await expect(failure).rejects.toThrow(/line 1: .*\n {2}line 2: /);
    expect(await readFile(path, 'utf8')).toBe('a@example.test\nb\n');
  });
});

/** A system reads its files again while it works: sessions go on, and mistakes change nothing. */
import { X509Certificate } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { addAccount } from '@posthouse/directory';
import { connectDialogue } from '@posthouse/testkit';
import { describe, expect, onTestFinished, test } from 'vitest';
import { posthouse } from './system/commands.ts';
import { logIn, submit, transact } from './system/author.ts';
import type { MailSystem, Place, Sections } from './system/mail-system.ts';
import { arrival } from './system/mailbox.ts';
import { oneProcess } from './system/one-process.ts';
import { stackProcess } from './system/stack-process.ts';
import { threeProcesses } from './system/three-processes.ts';
import { certify } from './system/workplace.ts';

const ALICE = 'alice@example.test';
const BOB = 'bob@example.test';
const ERIN = 'erin@example.test';
const SALES = 'sales@example.test';
const WITH_SALES = { aliases: { [SALES]: BOB } };

/** A key that is none, a certificate that is none, and a route that leads nowhere. */
const MISTAKES: readonly Sections[] = [
  { relay: { outbond: 'mx' } },
  { tls: { certificate_file: 'accounts' } },
  { relay: { outbound: 'sink', sink: 'nobody@elsewhere.test' } },
];

/** The serial number of the certificate that a listener shows. */
async function serialNumberAt(place: Place, way: 'starttls' | 'tls'): Promise<string | undefined> {
  const client = await connectDialogue(place);
  if (way === 'starttls') await client.play('S+ 220\nC: EHLO a.test\nS+ 250\nC: STARTTLS\nS+ 220');
  const socket = await client.secure();
  const certificate = socket.getPeerX509Certificate();
  client.destroy();
  return certificate?.serialNumber;
}

describe.each([oneProcess, stackProcess, threeProcesses])('a reload ($name)', (shape) => {
  test('takes accounts, aliases and certificates, and drops no session', async () => {
    const system = await shape.start({}, onTestFinished);
    const author = await logIn(system, ALICE);
    await author.play(`C: MAIL FROM:<${ALICE}>\nS+ 250\nC: RCPT TO:<${SALES}>\nS: 550 5.1.1 *`);

    await addAccount({ path: join(system.directory, 'accounts') }, ERIN, 'new here');
    await certify(system.directory);
    await system.reload(WITH_SALES);

    // In the transaction that stood open.
    await author.play(
      `C: RCPT TO:<${SALES}>\nS+ 250\nC: RCPT TO:<${ERIN}>\nS+ 250\nC: RSET\nS+ 250`,
    );
    const sent = await transact(author, { author: ALICE, recipients: [SALES, ERIN] });
    await arrival(system, sent, BOB);
    await arrival(system, sent, ERIN);
    await author.play('C: QUIT\nS+ 221');
    // By one who has come new.
    const erins: MailSystem = { ...system, accounts: { [ERIN]: 'new here' } };
    await arrival(system, await submit(erins, { author: ERIN, recipients: [ALICE] }), ALICE);

    const { serialNumber } = new X509Certificate(
      await readFile(join(system.directory, 'server.pem')),
    );
    expect(await serialNumberAt(system.submission, 'starttls')).toBe(serialNumber);
    expect(await serialNumberAt(system.submissionTls, 'tls')).toBe(serialNumber);
    expect(await serialNumberAt(system.relay, 'starttls')).toBe(serialNumber);
    await system.stop();
  });

  test('of mistakes changes nothing', async () => {
    const system = await shape.start(WITH_SALES, onTestFinished);
    const author = await logIn(system, ALICE);
    for (const mistake of MISTAKES) {
      await expect(system.reload(mistake)).rejects.toThrow();
      const sending = { author: ALICE, recipients: [SALES] };
      await arrival(system, await transact(author, sending), BOB);
      await arrival(system, await submit(system, sending), BOB);
    }
    await system.stop();
  });
});

test('posthouse reload tells whether the files were taken', async () => {
  const system = await stackProcess.start({}, onTestFinished);
  const { directory } = system;
  const file = join(directory, 'posthouse.toml');
  const args = ['reload', '--config', 'posthouse.toml'];
  const reload = async (): Promise<readonly [code: number, text: string]> => {
    const { code, err, out } = await posthouse(directory, args);
    return [code, code === 0 ? out : err];
  };
  const text = await readFile(file, 'utf8');

  await writeFile(file, `${text}\n[aliases]\n"${SALES}" = "${BOB}"\n`);
  const done = 'Configuration, accounts and certificates were read again\n';
  expect(await reload()).toEqual([0, done]);
  await arrival(system, await submit(system, { author: ALICE, recipients: [SALES] }), BOB);

  await writeFile(
    file,
    `${text}\n[sendmail]\naccess = "everybody"\n[aliases]\n"${SALES}" = "${BOB}"\n`,
  );
  const waits = 'These settings wait for the next start: [sendmail]\n';
  expect(await reload()).toEqual([0, done + waits]);

  await writeFile(file, `${text}\n[relay.retry]\nexpires = "1d"\n`);
  const [code, mistake] = await reload();
  expect(code).toBe(78);
  expect(mistake).toContain('Did you mean `expire`?');

  await writeFile(file, text);
  await writeFile(join(directory, 'server.key'), 'no key');
  expect(await reload()).toEqual([
    78,
    'The files have mistakes, what was there stays in use; see the log\n',
  ]);
  // The alias is of the file that was taken last.
  await arrival(system, await submit(system, { author: ALICE, recipients: [SALES] }), BOB);

  await system.stop();
  const [gone, advice] = await reload();
  expect(gone).toBe(69);
  expect(advice).toContain('posthouse up');
});

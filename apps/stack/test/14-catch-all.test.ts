/** Programs under development: every message ends in one mailbox, and failure can be had at will. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '@posthouse/mail';
import { startControl } from '@posthouse/process';
import type { ControlVerbs } from '@posthouse/process';
import { createEventLog } from '@posthouse/testkit';
import type { EventLog } from '@posthouse/testkit';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { startStack } from '../src/start-stack.ts';
import { sendAsStranger, submit } from './system/author.ts';
import type { AuthorsSystem, Replies } from './system/author.ts';
import { posthouse } from './system/commands.ts';
import { readStored } from './system/mailbox.ts';
import type { Place } from './system/mail-system.ts';
import { onlyPlace } from './system/place.ts';

const ALICE = 'alice@posthouse.test';
const ACCOUNTS = { [ALICE]: 'correct horse', 'bob@posthouse.test': 'battery staple' };

interface Catching extends AuthorsSystem {
  readonly relay: Place;
  readonly log: EventLog;
  readonly account: string | undefined;
  readonly directory: string;
  readonly verbs: ControlVerbs;
}

const ends: (() => Promise<unknown>)[] = [];
let system: Catching;

beforeAll(async () => {
  const directory = await workplace((end) => void ends.unshift(end));
  const log = createEventLog();
  const stack = await startStack({
    directory,
    accounts: ACCOUNTS,
    catchAll: true,
    logger: log.logger,
  });
  ends.unshift(() => stack.stop());
  const { addresses, authorityFile = '' } = stack;
  system = {
    accounts: ACCOUNTS,
    ca: await readFile(authorityFile, 'utf8'),
    submission: onlyPlace(addresses.submission),
    submissionTls: onlyPlace(addresses.submissionTls),
    relay: onlyPlace(addresses.relay),
    log,
    account: stack.catchAllAccount,
    directory,
    verbs: stack.verbs,
  };
});
afterAll(async () => {
  for (const end of ends) await end();
});

async function workplace(atEnd: (end: () => Promise<void>) => void): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'posthouse-catch-all-'));
  atEnd(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

test('what waits in the queue of a stack that catches nothing is not touched, nor the other way round', async () => {
  const directory = await workplace(onTestFinished);
  const queues: (readonly string[])[] = [];
  for (const catchAll of [false, true]) {
    const stack = await startStack({ directory, catchAll });
    await stack.stop();
    const names = await readdir(join(directory, 'var'));
    queues.push(names.filter((name) => name.startsWith('queue')));
  }
  expect(queues).toEqual([['queue'], ['queue', 'queue-catch-all']]);
});

test('every message ends in one mailbox, with a login or without', async () => {
  const { account, log } = system;
  expect(account).toBe('catch-all@posthouse.test');
  const recipients = ['bob@posthouse.test', 'nobody@posthouse.test', 'carol@elsewhere.example'];
  const sent = await submit(system, { author: ALICE, recipients });
  expect(sent.data).toMatch(/^250 /);
  const { path } = await log.next('delivered', { recipient: account });
  expect((await readStored(String(path))).values('from')).toEqual([ALICE]);

  const author = 'app@app.example';
  const foreign = await sendAsStranger(system.relay, { author, recipients: ['x@y.example'] });
  expect(foreign.data).toMatch(/^250 /);
  await log.next('delivered', { recipient: account, reversePath: `<${author}>` });
});

describe('a recipient that makes a chosen thing happen', () => {
  test.each([
    ['reject-550', /^550 5\.1\.1 /],
    ['reject-553', /^553 5\.1\.3 /],
    ['defer-451', /^451 4\.3\.0 /],
    ['full', /^452 4\.2\.2 Mailbox is full/],
    ['no-such-outcome', /^550 5\.1\.1 No outcome is called .*docs\/local-development\.md/],
    ['reject-451', /^550 5\.1\.1 No outcome is called/],
  ])('%s is answered at RCPT, to those who log in and those who do not', async (name, reply) => {
    const sending = { author: ALICE, recipients: [at(name), 'bob@posthouse.test'] };
    for (const sent of [
      await submit(system, sending),
      await sendAsStranger(system.relay, sending),
    ]) {
      expect(sent.recipients).toEqual([
        expect.stringMatching(reply),
        expect.stringMatching(/^250/),
      ]);
      expect(sent.data).toMatch(/^250 /);
    }
  });

  test.each([
    ['reject-554-at-data', /^554 5\.7\.1 /],
    ['reject-552-at-data', /^552 5\.3\.4 /],
    ['defer-452-at-data', /^452 4\.3\.1 /],
  ])('%s is answered at the end of the data', async (name, reply) => {
    const { recipients, data } = await send(name);
    expect(recipients[0]).toMatch(/^250 /);
    expect(data).toMatch(reply);
  });

  test('greylist turns a sender away once', async () => {
    expect((await send('greylist')).recipients).toEqual([expect.stringMatching(/^450 4\.7\.1 /)]);
    expect((await send('greylist')).data).toMatch(/^250 /);
  });

  test.each(['close', 'close-at-data'])('%s ends the session', async (name) => {
    const sending = { author: ALICE, recipients: [at(name)] };
    await expect(sendAsStranger(system.relay, sending)).rejects.toThrow(/421 4\.3\.2|closed|ended/);
  });

  test('close-in-queue is taken, and tried again', async () => {
    expect((await send('close-in-queue')).data).toMatch(/^250 /);
    const order = { subject: at('close-in-queue'), follow: true };
    const line = await firstLine(system.verbs['queue.trace']?.(order), / attempted, not decided/);
    expect(line).toContain('4.3.2 Service shutting down');
  });

  test('reject-550-in-queue is taken, and told in a notification', async () => {
    expect((await send('reject-550-in-queue')).data).toMatch(/^250 /);
    const { path } = await system.log.next('delivered', { reversePath: '<>' });
    expect((await readStored(String(path))).text).toMatch(
      /Final-Recipient: rfc822; ?reject-550-in-queue@fail\.posthouse\.test[^]*550 5\.1\.1 No such mailbox/,
    );
  });
});

test('explain says first that what runs catches all', async () => {
  const { directory, verbs } = system;
  const explain = async (address: string): Promise<string> =>
    (await posthouse(directory, ['explain', address])).out;
  expect(await explain(ALICE)).not.toContain('--catch-all');
  const control = await startControl(join(directory, 'var'), verbs, silentLogger);
  onTestFinished(() => control.stop());
  expect(await explain('carol@elsewhere.example')).toMatch(
    /^carol@elsewhere\.example\n {2}caught +all mail ends in catch-all@posthouse\.test and nothing goes out/,
  );
  expect(await explain(at('full'))).toMatch(/\n {2}caught +it makes happen what its name says/);
});

test('it does not start where others than this host could connect', async () => {
  const directory = await workplace(onTestFinished);
  const configuration = '[relay]\nlisten = "0.0.0.0:0"\n';
  const options = { directory, configuration, catchAll: true, ports: 'configured' } as const;
  await expect(startStack(options)).rejects.toThrow('relay.listen is 0.0.0.0');
});

test('without being asked for, the domain is like any other', async () => {
  const directory = await workplace(onTestFinished);
  const stack = await startStack({ directory });
  onTestFinished(() => stack.stop());
  const relay = onlyPlace(stack.addresses.relay);
  const sent = await sendAsStranger(relay, { author: ALICE, recipients: [at('defer-451')] });
  expect(sent.recipients).toEqual([expect.stringMatching(/^554 5\.7\.1 Relay access denied/)]);
});

function at(name: string): string {
  return `${name}@fail.posthouse.test`;
}

function send(name: string): Promise<Replies> {
  return sendAsStranger(system.relay, { author: ALICE, recipients: [at(name)] });
}

/** Of a trace that is followed. */
async function firstLine(
  items: AsyncIterable<unknown> | undefined,
  pattern: RegExp,
): Promise<string> {
  for await (const item of items ?? []) {
    const { line } = item as { readonly line: string }; // of our own verb
    if (pattern.test(line)) return line;
  }
  throw new Error('the trace has ended');
}

/** The executable: started, asked, reloaded, killed, and what is on the disk after that. */
import { appendFile, mkdtemp, readdir, readFile, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { silentLogger, systemClock } from '@posthouse/mail';
import type { RecipientOutcome } from '@posthouse/mail';
import { createNextHop } from '@posthouse/smtp';
import type { NextHop } from '@posthouse/smtp';
import { connectDialogue, domain, startAgentProcess } from '@posthouse/testkit';
import type { AgentProcess, LogEvent } from '@posthouse/testkit';
import { ACCOUNT_TAIL, attempt, send } from './harness.ts';

const program = fileURLToPath(new URL('../src/bin.ts', import.meta.url));

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'posthouse-delivery-agent-'));
  await writeFile(join(directory, 'accounts'), `alice@example.test:${ACCOUNT_TAIL}\n`);
  await configure('');
  return () => rm(directory, { recursive: true });
});

async function configure(more: string): Promise<void> {
  const text = `
[server]
hostname = "mx.example.test"
[domains]
own = ["example.test"]
[accounts]
file = "accounts"
[log]
format = "json"
[delivery]
trusted_networks = ["127.0.0.1"]
listen = "127.0.0.1:0"
mail_directory = "mail"
${more}`;
  await writeFile(join(directory, 'posthouse.toml'), text);
}

function start(): AgentProcess {
  return startAgentProcess({ program, directory });
}

async function startHop(agent: AgentProcess): Promise<NextHop> {
  const { port } = portOf(await agent.log.next('ready'));
  const hop = createNextHop(
    {
      target: {
        protocol: 'lmtp',
        endpoint: { host: '127.0.0.1', port },
        greeting: domain('relay.example.test'),
        tls: { mode: 'off', verify: false },
        shareContext: true,
      },
      pool: { maxConnections: 16 },
    },
    { clock: systemClock, logger: silentLogger },
  );
  await hop.start();
  onTestFinished(() => hop.stop());
  return hop;
}

function portOf(ready: LogEvent): { port: number } {
  const { lmtp } = ready;
  if (typeof lmtp !== 'object' || lmtp === null || !('port' in lmtp))
    throw new TypeError('no port');
  return { port: Number(lmtp.port) };
}

/** The subjects of what lies in new and cur. */
async function subjects(): Promise<readonly string[]> {
  const maildir = join(directory, 'mail/example.test/alice/Maildir');
  const found: string[] = [];
  for (const place of ['new', 'cur']) {
    for (const name of await readdir(join(maildir, place)).catch(() => [])) {
      const text = await readFile(join(maildir, place, name), 'latin1');
      expect(text.endsWith('The end.\n')).toBe(true);
      found.push(/^Subject: (.*)$/m.exec(text)?.[1] ?? '');
    }
  }
  return found;
}

async function deliver(hop: NextHop, subject: string, repeat: boolean): Promise<RecipientOutcome> {
  const content = Buffer.from(`Subject: ${subject}\r\n\r\n${'x\r\n'.repeat(500)}The end.\r\n`);
  const [outcome] = await send(hop, { content, context: attempt(subject, repeat) });
  if (outcome === undefined) throw new TypeError('no outcome');
  return outcome;
}

describe('the delivery agent as a process', () => {
  test('delivers, says so, reads accounts and peers again, and stops in good manners', async () => {
    const agent = start();
    const hop = await startHop(agent);
    expect((await deliver(hop, 'one', false)).kind).toBe('relayed');
    expect(await agent.log.next('delivered')).toMatchObject({
      account: 'alice@example.test',
      recipient: 'alice@example.test',
      path: expect.stringContaining(join('alice', 'Maildir', 'new')) as string,
    });
    await appendFile(join(directory, 'accounts'), `bob@example.test:${ACCOUNT_TAIL}\n`);
    await configure('allowed_peers = ["192.0.2.1"]');
    agent.signal('SIGHUP');
    await agent.log.next('reloaded');
    const { port } = portOf(agent.log.events.find(({ event }) => event === 'ready') ?? {});
    const client = await connectDialogue({ host: '127.0.0.1', port });
    await client.play(`
      S: 554 5.7.1 *
      ! end`);
    client.destroy();
    await hop.stop();
    expect((await agent.stop()).code).toBe(0);
    expect(await subjects()).toEqual(['one']);
  });

  test('that does not listen is a mistake', async () => {
    await writeFile(join(directory, 'posthouse.toml'), '[delivery]\nlisten = "off"\n');
    const { code, stdout, stderr } = await start().end;
    expect(code).toBe(78);
    expect(stdout + stderr).toContain('delivery.listen');
  });
});

test('killed again and again, with an IMAP client at work, it delivers each copy once', async () => {
  const maildir = join(directory, 'mail/example.test/alice/Maildir');
  const all = Array.from({ length: 400 }, (_, index) => `message-${index}`);
  const waiting = new Set(all);
  const tried = new Set<string>();
  const taken: string[] = [];
  for (let life = 0; waiting.size > 0; life += 1) {
    const agent = start();
    const hop = await startHop(agent);
    // Sixteen lanes, each until the agent dies; the kill comes in the midst of deliveries.
    const queue = [...waiting];
    let count = 0;
    const lane = async (): Promise<void> => {
      for (let subject = queue.pop(); subject !== undefined; subject = queue.pop()) {
        const repeat = tried.has(subject);
        tried.add(subject);
        const outcome = await deliver(hop, subject, repeat).catch(() => undefined);
        if (outcome?.kind !== 'relayed') continue;
        waiting.delete(subject);
        count += 1;
        if (life < 6 && count === 25) void agent.kill();
      }
    };
    await Promise.all(Array.from({ length: 16 }, lane));
    await agent.kill();
    // An IMAP client takes away what it finds; what it took it has seen.
    for (const name of await readdir(join(maildir, 'new'))) {
      const path = join(maildir, 'new', name);
      taken.push(/^Subject: (.*)$/m.exec(await readFile(path, 'latin1'))?.[1] ?? '');
      await unlink(path);
    }
    await hop.stop();
  }
  expect([...taken, ...(await subjects())].toSorted()).toEqual(all.toSorted());
}, 120_000);

import type { Reply } from '@posthouse/mail';
import { silentLogger } from '@posthouse/mail';
import { createManualClock, createRecordingReceiver, domain } from '@posthouse/testkit';
import { describe, expect, it } from 'vitest';
import { InputStream } from '../../src/inbound/input-stream.ts';
import { resolveListenerOptions } from '../../src/inbound/listener-options.ts';
import { ReplyQueue } from '../../src/inbound/reply-queue.ts';
import { Session } from '../../src/inbound/session.ts';
import type { Wire } from '../../src/inbound/session.ts';

function sessionOn(wire: Partial<Wire>): { session: Session; stream: InputStream } {
  const receiver = createRecordingReceiver();
  const settings = resolveListenerOptions(
    {
      protocol: 'smtp',
      listen: { host: '127.0.0.1', port: 0 },
      hostname: domain('mx.example.test'),
    },
    receiver,
    {},
  );
  const around = {
    settings,
    receiver,
    policy: {},
    clock: createManualClock(),
    logger: silentLogger,
  };
  const session = new Session(
    around,
    { id: 'S', peer: { address: '192.0.2.1' } },
    {
      write: () => undefined,
      drained: () => undefined,
      startTls: () => undefined,
      close: () => undefined,
      ...wire,
    },
  );
  session.open(undefined);
  return { session, stream: new InputStream(() => session) };
}

describe('a session', () => {
  it('answers what came in one packet in one write', async () => {
    const writes: string[] = [];
    const { stream } = sessionOn({ write: (text) => void writes.push(text) });
    const say = (text: string): Promise<void> =>
      new Promise((resolve) => stream.write(text, () => resolve()));
    await say('EHLO client.example.test\r\n');
    expect(writes.splice(0).join('')).toMatch(/^220 .*\r\n250-/);
    const envelope = 'MAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nRCPT TO:<e@d.test>\r\nDATA\r\n';
    await say(envelope);
    expect(writes.map((text) => text.split('\r\n').length - 1)).toEqual([4]);
    writes.length = 0;
    await say(`.\r\n${envelope}.\r\n`);
    expect(writes.map((text) => text.split('\r\n').length - 1)).toEqual([6]);
  });

  it('takes nothing more from a client that does not read', async () => {
    const gate = Promise.withResolvers<void>();
    const { stream } = sessionOn({ drained: () => gate.promise });
    let taken = false;
    const said = new Promise<void>((resolve) => {
      stream.write('NOOP\r\n', () => {
        taken = true;
        resolve();
      });
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(taken).toBe(false);
    gate.resolve();
    await said;
  });

  it('closes behind a bug, with a reply', () => {
    const said: string[] = [];
    const { session } = sessionOn({
      write: (text) => void said.push(text),
      close: () => void said.push('closed'),
    });
    session.failed(new Error('bug'));
    expect(said.join('')).toMatch(/^220 .*\r\n451 4\.3\.0 .*\r\nclosed$/);
  });
});

describe('the reply queue', () => {
  it('keeps the order of the commands, makes replies of refusals, and tells of a bug', async () => {
    const due: string[] = [];
    const failed: unknown[] = [];
    const queue = new ReplyQueue(
      (reply) => void due.push(reply.lines.join()),
      (thrown) => void failed.push(thrown),
    );
    const reply = (text: string): Reply => ({ code: 250, lines: [text] });
    const gates = [Promise.withResolvers<Reply>(), Promise.withResolvers<Reply>()] as const;
    queue.push(reply('0'));
    const refused = (thrown: unknown): Reply => reply(String(thrown));
    queue.await(gates[0].promise, refused);
    queue.await(gates[1].promise, refused);
    queue.push(reply('3'));
    const settled = queue.whenSettled();
    gates[1].resolve(reply('2'));
    await gates[1].promise;
    expect(due).toEqual(['0']);
    gates[0].resolve(reply('1'));
    await settled;
    expect(due).toEqual(['0', '1', '2', '3']);
    expect(queue.settled).toBe(true);
    await queue.whenSettled();
    queue.await(Promise.reject(new Error('4')), refused);
    await queue.whenSettled();
    expect(due.at(-1)).toBe('Error: 4');
    queue.await(Promise.reject(new Error('5')), () => {
      throw new Error('bug');
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(failed).toEqual([new Error('bug')]);
  });
});

/** A place to call sendmail from, with a relay that can be there or not. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { createDisk } from '@posthouse/durable-fs';
import { silentLogger, systemClock } from '@posthouse/mail';
import { createListener } from '@posthouse/smtp';
import { createRecordingReceiver, domain } from '@posthouse/testkit';
import type { ReceiverScript, RecordingReceiver } from '@posthouse/testkit';
import { readCommandLine } from '../src/command-line.ts';
import { conveyTo } from '../src/conveyor.ts';
import type { SendmailExit } from '../src/exit.ts';
import { handOn } from '../src/hand-on.ts';
import type { WalkResult } from '../src/hand-on.ts';
import { send } from '../src/send.ts';
import type { SendmailPlace } from '../src/send.ts';
import { createSpool } from '../src/spool.ts';

export interface Office {
  readonly place: SendmailPlace;
  /** What was said on standard error. */
  readonly complaints: readonly string[];
  readonly spoolDirectory: string;
  /** One user's messages. */
  readonly own: string;
  /** Calls sendmail with a message. */
  call(line: string, message: string): Promise<SendmailExit>;
  openRelay(script?: ReceiverScript): Promise<RecordingReceiver>;
  /** Walks over the spool with a receiver of this process. */
  walk(receiver: RecordingReceiver): Promise<WalkResult>;
}

/** An office in a directory of its own. */
export async function openOffice(): Promise<Office> {
  const directory = await mkdtemp(join(tmpdir(), 'sendmail-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const path = join(directory, 'relay.sock');
  const spoolDirectory = join(directory, 'spool');
  const hostname = domain('host.test');
  const disk = createDisk();
  const uid = process.getuid?.();
  const spool = createSpool({ directory: spoolDirectory, access: 'owner', uid }, disk);
  const complaints: string[] = [];
  const deps = { disk, clock: systemClock, logger: silentLogger };
  const place: SendmailPlace = {
    ...deps,
    settings: {
      hostname,
      domain: domain('example.test'),
      spoolDirectory,
      access: 'owner',
      target: {
        protocol: 'smtp',
        endpoint: { path },
        greeting: hostname,
        tls: { mode: 'off', verify: false },
      },
    },
    caller: { uid, user: 'www', fullName: '' },
    spool,
    input: pieces(''),
    print: () => undefined,
    complain: (text) => complaints.push(text),
  };
  return {
    place,
    complaints,
    spoolDirectory,
    own: spool.directory,
    call(line, message) {
      const call = readCommandLine(line.split(' '), 'sendmail');
      if (call.kind !== 'send') throw new TypeError(`${line} sends nothing`);
      return send(call, { ...place, input: pieces(message) });
    },
    async openRelay(script = {}) {
      const receiver = createRecordingReceiver(script);
      const listener = createListener(
        { protocol: 'smtp', listen: { path }, hostname },
        { ...deps, receiver },
      );
      await listener.start();
      onTestFinished(() => listener.stop());
      return receiver;
    },
    walk: (receiver) =>
      handOn(
        {
          directory: spoolDirectory,
          hostname,
          spool,
          conveyor: conveyTo(receiver),
          signal: new AbortController().signal,
        },
        deps,
      ),
  };
}

async function* pieces(text: string): AsyncGenerator<Buffer> {
  yield Buffer.from(text);
}

/** A line that delays carries everything, in order, both ways, and ends with its ends. */
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Server } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createDelayedLine } from '../src/arrival/delayed-line.ts';
import { SinkRecord } from '../src/arrival/sink-record.ts';
import { createSink } from '../src/arrival/sink-server.ts';
import { drive } from '../src/load/drive.ts';
import { createEnvelope } from '../src/load/envelope.ts';
import { createPattern } from '../src/message.ts';

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
}

test('messages pass whole, and the far end sees the near one go', async () => {
  const pattern = createPattern(100_000);
  const record = new SinkRecord(pattern);
  const sink = createSink(record);
  const port = await listening(createDelayedLine(await listening(sink), 4));
  const paths = createEnvelope('a@local.test', ['r0@sink.test']);
  const load = { run: 'round1', messages: 20, seconds: 60, pattern, envelope: () => paths };
  await drive({ port }, { ...load, sessions: 4, reuse: true });
  expect(record.check('round1')).toMatchObject({ good: 20, repeated: 0, foreign: 0 });
});

test('where nobody listens behind it, it hangs up', async () => {
  const nobody = await listening(createDelayedLine(1, 4));
  const socket = connect({ port: nobody, host: '127.0.0.1' });
  await once(socket, 'close');
});

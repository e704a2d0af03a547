/** The sink counts what came, however the octets were cut. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { SinkRecord } from '../src/arrival/sink-record.ts';
import { createSink } from '../src/arrival/sink-server.ts';
import { drive } from '../src/load/drive.ts';
import { createEnvelope } from '../src/load/envelope.ts';
import { createPattern, messageHead } from '../src/message.ts';

const pattern = createPattern(2000);

async function startedSink(): Promise<{ readonly record: SinkRecord; readonly port: number }> {
  const record = new SinkRecord(pattern);
  const server = createSink(record);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const address = server.address();
  return { record, port: typeof address === 'object' && address ? address.port : 0 };
}

test('what the driver sends is all there, once', async () => {
  const { port, record } = await startedSink();
  const paths = createEnvelope('a@local.test', ['r0@sink.test', 'r1@sink.test']);
  const load = { run: 'round1', messages: 25, seconds: 60, pattern, envelope: () => paths };
  await drive({ port }, { ...load, sessions: 5, reuse: true });
  expect(record.check('round1')).toMatchObject({ good: 50, repeated: 0, foreign: 0 });
  await drive({ port }, { ...load, sessions: 3, reuse: false });
  expect(record.check('round1')).toMatchObject({ good: 50, repeated: 0, foreign: 0 });
});

test('a message that comes twice or from another run is told apart, cut at any octet', async () => {
  const { port, record } = await startedSink();
  const message = (run: string): string => messageHead(run, 1) + pattern.wireEnd.toString('latin1');
  const pipelined = ['round1', 'round1', 'round0'].map(
    (run) => `MAIL FROM:<>\r\nRCPT TO:<r0@a.test>\r\nDATA\r\n${message(run)}`,
  );
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  for (const octet of `EHLO a\r\n${pipelined.join('')}QUIT\r\n`) socket.write(octet);
  socket.resume();
  await once(socket, 'close');
  expect(record.check('round1')).toMatchObject({ good: 1, repeated: 1, foreign: 1 });
});

test('a message in chunks is whole or not, in one piece and cut at any octet', async () => {
  const { port, record } = await startedSink();
  const whole = messageHead('round1', 1) + pattern.chunkedEnd.toString('latin1');
  const stuffed = messageHead('round1', 2) + pattern.wireEnd.toString('latin1');
  const bdat = (octets: string, last = ' LAST'): string =>
    `BDAT ${octets.length}${last}\r\n${octets}`;
  const transactions = [
    bdat(whole),
    bdat(whole.slice(0, 700), '') + bdat(whole.slice(700), '') + bdat(''),
    bdat(stuffed),
    bdat(whole.slice(0, -1)),
  ].map((content) => `MAIL FROM:<>\r\nRCPT TO:<r0@a.test>\r\n${content}`);
  const dialogue = `EHLO a\r\n${transactions.join('')}QUIT\r\n`;
  for (const pieces of [[dialogue], dialogue]) {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    for (const piece of pieces) socket.write(piece);
    socket.resume();
    await once(socket, 'close');
    expect(record.check('round1')).toMatchObject({ good: 1, repeated: 1, foreign: 2 });
  }
});

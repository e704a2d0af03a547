import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { startScriptedPeer } from '../src/index.ts';
import type { ScriptedPeer } from '../src/index.ts';

/** Resolves when the connection is gone. */
function gone(socket: Socket): Promise<unknown> {
  return new Promise((resolve) => socket.once('close', resolve));
}

function dial(peer: ScriptedPeer): Socket {
  return connect(peer.port, peer.host)
    .on('error', () => undefined)
    .resume();
}

describe('a scripted peer', () => {
  it('plays its dialogue and is content when the client leaves', async () => {
    const peer = await startScriptedPeer([
      `S: 220 hello
       C: EHLO *
       S: 250 ok
       ! content
       ! octets 3
       C: QUIT`,
    ]);
    await gone(dial(peer).end('EHLO there\r\nSubject: x\r\n\r\n..\r\n.\r\nabcQUIT\r\n'));
    await peer.stop();
    expect(peer.contents.map(String)).toEqual(['Subject: x\r\n\r\n..\r\n.\r\n', 'abc']);
  });

  it.each([
    ['another line', 'HELO there\r\n', 'not "HELO there"'],
    ['too little', 'EHLO there', 'ended the connection'],
    ['a word too early', 'EHLO there\r\nMAIL\r\n', 'said too early'],
    ['a word too much', 'EHLO there\r\nNOOP\r\nRSET\r\n', 'said too early'],
  ])('tells of a client that says %s', async (_, said, problem) => {
    const peer = await startScriptedPeer([
      `C: EHLO *
       ! alone
       C: NOOP`,
    ]);
    await gone(dial(peer).end(said));
    await expect(peer.stop()).rejects.toThrow(problem);
  });

  it('tells of a connection too many', async () => {
    const peer = await startScriptedPeer([]);
    await gone(dial(peer).end());
    await expect(peer.stop()).rejects.toThrow('no dialogue expects');
  });

  it('tells of a connection that the client leaves open', async () => {
    const peer = await startScriptedPeer(['S: 220 hello'], { leakAfterMs: 10 });
    const socket = dial(peer);
    await new Promise((resolve) => socket.once('data', resolve));
    await expect(peer.stop()).rejects.toThrow('left 1 connections open');
    socket.destroy();
  });

  it('waits for the test and tells it where it is', async () => {
    const peer = await startScriptedPeer([
      `! until ready
       S: 220 hello
       ! mark said
       ! drop`,
    ]);
    dial(peer);
    peer.release('ready');
    await peer.reached('said');
    await peer.stop();
  });
});

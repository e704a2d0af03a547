import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { MailError } from '@posthouse/mail';
import { createManualClock } from '@posthouse/testkit';
import { describe, expect, it, onTestFinished } from 'vitest';
import { askCommand, createAccessToken, readTokenAnswer } from '../src/index.ts';
import type { TokenCommand, TokenEndpoint } from '../src/index.ts';

function node(script: string, timeoutMs = 20_000): TokenCommand {
  return { kind: 'command', command: [process.execPath, '-e', script], timeoutMs };
}

interface Asked {
  readonly place: TokenEndpoint;
  readonly bodies: readonly string[];
}

/** An endpoint on loopback that answers so, one after the other; the last one again and again. */
async function endpoint(...answers: readonly (readonly [number, string])[]): Promise<Asked> {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      bodies.push(body);
      const [status, text] = answers[Math.min(bodies.length, answers.length) - 1] ?? [500, ''];
      response.writeHead(status, status === 302 ? { location: 'http://127.0.0.1:1/' } : {});
      response.end(text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo; // of a TCP server that listens
  return {
    bodies,
    place: {
      kind: 'endpoint',
      url: `http://127.0.0.1:${port}/token`,
      clientId: 'posthouse',
      clientSecret: async () => 'hush',
      refreshToken: async () => '1//refresh',
      scope: 'mail',
      timeoutMs: 20_000,
    },
  };
}

const answer = (token: string): string =>
  JSON.stringify({ access_token: token, expires_in: 3600, token_type: 'Bearer' });

describe('an access token', () => {
  it('is kept until shortly before it expires, and then another one is got', async () => {
    const clock = createManualClock();
    const { bodies, place } = await endpoint([200, answer('one')], [200, answer('two')]);
    const token = createAccessToken(place, { clock });
    expect(await Promise.all([token(), token()])).toEqual(['one', 'one']);
    expect(bodies).toEqual([
      'grant_type=refresh_token&refresh_token=1%2F%2Frefresh&client_id=posthouse&client_secret=hush&scope=mail',
    ]);
    await clock.advance(3_539_000);
    expect(await token()).toBe('one');
    await clock.advance(1000);
    expect(await token()).toBe('two');
  });

  it('that is refused is renewed once, whoever asks', async () => {
    const { bodies, place } = await endpoint([200, answer('one')], [200, answer('two')]);
    const token = createAccessToken(place, { clock: createManualClock() });
    await token();
    expect(await Promise.all([token('one'), token('one')])).toEqual(['two', 'two']);
    expect(await token('one')).toBe('two');
    expect(bodies).toHaveLength(2);
  });

  it.each([
    [
      'an error',
      400,
      '{"error":"invalid_grant","error_description":"hush hush"}',
      'it says invalid_grant',
    ],
    ['a page', 200, '<html>hush</html> and more', 'its answer is no token'],
    ['nothing', 200, '', 'it said nothing'],
    ['no token', 200, '{"token":"hush"}', 'its answer has no access_token'],
    ['too much', 200, 'x'.repeat(100_000), 'its answer is too long'],
    ['another place', 302, '', 'redirect'],
  ])(
    'is not there when the endpoint says %s; and the answer is told to nobody',
    async (_, status, text, why) => {
      const { place } = await endpoint([status, text], [200, answer('one')]);
      const token = createAccessToken(place, { clock: createManualClock() });
      const failure = await token().catch((error: unknown) => error);
      if (!(failure instanceof MailError)) throw new TypeError('a refusal');
      expect(failure).toMatchObject({ code: 'next-hop-authentication', permanent: false });
      expect(failure.fields['error']).toContain(why);
      expect(JSON.stringify([failure.message, failure.fields])).not.toContain('hush');
      expect(await token()).toBe('one');
    },
  );

  it('is asked of nobody without TLS, but on this host', async () => {
    const { place } = await endpoint();
    const token = createAccessToken(
      { ...place, url: 'http://tokens.example.com/' },
      { clock: createManualClock() },
    );
    await expect(token()).rejects.toMatchObject({ code: 'next-hop-authentication' });
  });
});

describe('a token command', () => {
  it('says the token, or an endpoint’s answer', async () => {
    expect(await askCommand(node('console.log("ya29.x")'))).toEqual({ token: 'ya29.x' });
    expect(await askCommand(node(`console.log(${JSON.stringify(answer('one'))})`))).toEqual({
      token: 'one',
      expiresInMs: 3_600_000,
    });
  });

  it.each([
    ['fails', node('process.stderr.write("hush"); process.exit(3)'), /ended with 3$/],
    ['hangs', node('setInterval(() => {}, 1000)', 300), /took longer than 300 ms$/],
    ['talks', node('process.stdout.write("hush".repeat(50_000))'), /said too much$/],
    ['is not there', { ...node(''), command: ['/nowhere/token'] }, /cannot be run: ENOENT$/],
  ])('that %s is a sentence without what it said', async (_, command, text) => {
    const failure = await askCommand(command).catch((error: unknown) => error);
    expect(String(failure)).toMatch(text);
    expect(String(failure)).not.toContain('hush');
  });
});

it('reads no token out of what is none', () => {
  for (const text of ['a b', 'ä', '{"access_token":"a b"}', '{', '{"access_token":5}']) {
    expect(() => readTokenAnswer(text), text).toThrow();
  }
  expect(readTokenAnswer('{"access_token":"x","expires_in":"0"}')).toEqual({ token: 'x' });
});

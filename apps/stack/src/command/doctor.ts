/**
 * `posthouse doctor`: connects to a submission server as a mail program would and says what
 * works and what to change. Sends nothing, unless `--to` asks for a test message.
 */
import { styleText } from 'node:util';
import { isTaken } from '@posthouse/mail';
import { EXIT } from '@posthouse/process';
import { compose, examineServer, explainFailure, submit } from '@posthouse/user-agent';
import type { Finding } from '@posthouse/user-agent';
import { CONFIG_OPTION, expectNoMore, readArguments, textValue, wrongUse } from './arguments.ts';
import type { Arguments } from './arguments.ts';
import type { Command } from './command.ts';
import { findServer, SERVER_OPTIONS, SERVER_USAGE } from './submission-place.ts';
import type { SubmissionPlace } from './submission-place.ts';

const USAGE = `Usage: posthouse doctor [HOST[:PORT]] [options]

Looks at a submission server step by step: name, connection, TLS, certificate, login,
limits. Without a host it looks at the demo that runs here.

  --from ADDRESS --to ADDRESS  send a test message as well
  --json                       for programs
${SERVER_USAGE}`;

const OPTIONS = {
  ...CONFIG_OPTION,
  ...SERVER_OPTIONS,
  from: { type: 'string' },
  to: { type: 'string' },
  json: { type: 'boolean' },
} as const;

export const doctor: Command = {
  async run(argv) {
    const given = readArguments(argv, USAGE, OPTIONS);
    if (given === undefined) return EXIT.ok;
    const place = await findServer(withServer(given), authorOf(given));
    const examination = await examineServer(place.server);
    const findings: readonly Line[] = [
      ...examination.findings.map(withOption),
      ...(await testMessage(given, place)),
    ];
    process.stdout.write(
      given.values['json'] === true
        ? `${JSON.stringify({ ...examination, findings })}\n`
        : `${findings.map(lineOf).join('\n')}\n`,
    );
    return findings.some(({ result }) => result === 'fails') ? EXIT.unavailable : EXIT.ok;
  },
};

/** A host that stands alone is the server. @throws ExitError `usage` */
function withServer(given: Arguments): Arguments {
  const [server, ...more] = given.positionals;
  expectNoMore(more, USAGE);
  if (server === undefined) return given;
  if (given.values['server'] !== undefined) {
    throw wrongUse(`${server} and --server both say where to: leave one out`, USAGE);
  }
  return { ...given, values: { ...given.values, server } };
}

/** Of the test message, if there is to be one. @throws ExitError `usage` */
function authorOf(given: Arguments): string {
  const [from, to] = [textValue(given, 'from'), textValue(given, 'to')];
  if (to !== undefined && from === undefined) throw wrongUse('--to needs --from ADDRESS', USAGE);
  if (from !== undefined && to === undefined) {
    throw wrongUse(
      `--from is the author of a test message, which needs --to ADDRESS; to log in as ${from}, write --user ${from}`,
      USAGE,
    );
  }
  return from ?? '';
}

type Line = Pick<Finding, 'next' | 'result' | 'what'> & { readonly step: string };

/** Names the option where it is one of ours that helps. */
function withOption(finding: Finding): Line {
  if (finding.reason !== 'certificate-not-trusted') return finding;
  const { next = '' } = finding;
  return {
    ...finding,
    next: `${next} Here that is --ca FILE: of a local stack var/tls/ca.pem.`.trim(),
  };
}

async function testMessage(given: Arguments, place: SubmissionPlace): Promise<readonly Line[]> {
  const [from, to] = [textValue(given, 'from'), textValue(given, 'to')];
  if (from === undefined || to === undefined) return [];
  try {
    const text = 'This message was sent by "posthouse doctor" to see whether mail gets through.';
    const message = await compose({ from, to, subject: 'Test message', text });
    const { recipients } = await submit(message, place.server);
    const refused = recipients.find(({ outcome }) => !isTaken(outcome));
    if (refused === undefined) {
      return [{ step: 'message', result: 'works', what: `A test message to ${to} was taken.` }];
    }
    return [{ step: 'message', result: 'fails', ...explainFailure(refused.outcome, place.facts) }];
  } catch (error) {
    return [{ step: 'message', result: 'fails', ...explainFailure(error, place.facts) }];
  }
}

const MARKS = { works: 'green', note: 'yellow', fails: 'red' } as const;

function lineOf({ next, result, step, what }: Line): string {
  const mark = styleText(MARKS[result], result.padEnd(5), { stream: process.stdout });
  const indent = ' '.repeat(20);
  return `${mark}  ${step.padEnd(12)} ${what}${next === undefined ? '' : `\n${indent}${next}`}`;
}

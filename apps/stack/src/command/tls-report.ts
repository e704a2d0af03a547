/** `posthouse tls-report`: what is counted of TLS and not reported yet, day by day. */
import { join } from 'node:path';
import { readConfiguration } from '@posthouse/configuration';
import { createDisk } from '@posthouse/durable-fs';
import { parseDomain, silentLogger } from '@posthouse/mail';
import {
  connectControl,
  escapeControls,
  EXIT,
  ExitError,
  loadConfiguration,
} from '@posthouse/process';
import { readTally } from '@posthouse/transport-security';
import type { DomainTally, PolicyTally } from '@posthouse/transport-security';
import { CONFIG_OPTION, expectNoMore, readArguments, textValue } from './arguments.ts';
import type { Command } from './command.ts';
import { tellEmpty } from './print-lines.ts';

const USAGE = `Usage: posthouse tls-report [DOMAIN] [options]

Shows how TLS went with the mail hosts of each domain, by day (UTC) and policy: sessions as
wanted, sessions that failed, and why. A day that is over is reported to the domains that ask
for it where [relay.tls.reports] is set, and shown no more then; else it is kept for a week.
Works whether the stack or relay runs or not.

  --json            one JSON object a line
  --config FILE     the configuration of what runs`;

export const tlsReport: Command = {
  async run(argv) {
    const options = { ...CONFIG_OPTION, json: { type: 'boolean' } } as const;
    const given = readArguments(argv, USAGE, options);
    if (given === undefined) return EXIT.ok;
    const [name, ...more] = given.positionals;
    expectNoMore(more, USAGE);
    const domain = name === undefined ? undefined : parseDomain(name);
    if (name !== undefined && domain === undefined) {
      throw new ExitError('usage', `${name} is no domain`);
    }
    const named = textValue(given, 'config');
    const { configuration } = await loadConfiguration(named, readConfiguration);
    const all = await tallyOf(configuration.server.stateDirectory);
    const shown = all.filter((counted) => domain === undefined || counted.domain === domain);
    const lines =
      given.values['json'] === true
        ? shown.map((counted) => JSON.stringify(counted))
        : shown.flatMap(textOf).map(escapeControls);
    if (lines.length > 0) process.stdout.write(`${lines.join('\n')}\n`);
    else
      tellEmpty(
        given,
        `Nothing is counted of TLS${domain === undefined ? '' : ` with ${domain}`} yet`,
      );
    return EXIT.ok;
  },
};

/** Of what runs, else as it was kept. */
async function tallyOf(stateDirectory: string): Promise<readonly DomainTally[]> {
  const running = await connectControl(stateDirectory);
  if (running === undefined) {
    const directory = join(stateDirectory, 'transport-security');
    return readTally({ disk: createDisk(), directory }, silentLogger);
  }
  try {
    const tally: DomainTally[] = [];
    // Boundary: of our own server.
    for await (const counted of running.order('tls.tally', {})) tally.push(counted as DomainTally);
    return tally;
  } finally {
    running.close();
  }
}

const NAMES = { tlsa: 'DANE', sts: 'MTA-STS', 'no-policy-found': 'no policy' } as const;

function textOf({ day, domain, policies }: DomainTally): readonly string[] {
  return [`${day} ${domain}`, ...policies.flatMap(policyText)];
}

function policyText({ details, failures, policy, successes }: PolicyTally): readonly string[] {
  return [
    `  ${NAMES[policy.type]}: ${successes} as wanted, ${failures} failed`,
    ...details.map(
      ({ count, mxHost, reason, result }) =>
        `    ${count} ${result} at ${mxHost}${reason === undefined ? '' : `: ${reason}`}`,
    ),
  ];
}

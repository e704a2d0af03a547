import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');

/** Events whose names are put together where they are told. */
const COMPOSED: readonly string[] = [
  // packages/smtp, session-log.ts: the step that was refused
  ...['connection', 'login', 'sender', 'recipient', 'message', 'command'].map(
    (step) => `${step}-refused`,
  ),
  // packages/delivery, mailbox-delivery.ts
  'delivered',
  'delivered-before',
  'delivery-delayed',
  'delivery-failed',
  // packages/process, run-agent.ts
  'uncaught-exception',
  'unhandled-rejection',
];

it('docs/reference/log-events.md has every event of the log, and no other', () => {
  const page = readFileSync(join(root, 'docs/reference/log-events.md'), 'utf8');
  const told = [...page.matchAll(/^\| `([a-z0-9-]+)` /gm)].map(([, name = '']) => name);
  expect(told.toSorted()).toEqual([...new Set([...eventsOfSources(), ...COMPOSED])].toSorted());
});

function eventsOfSources(): readonly string[] {
  const files = globSync('{packages/*,apps/stack}/src/**/*.ts', { cwd: root });
  const shipped = files.filter((file) => !/[/\\](?:testing|testkit)[/\\]/.test(file));
  return shipped.flatMap((file) => {
    const text = readFileSync(join(root, file), 'utf8');
    return [...text.matchAll(/\bevent: '([a-z0-9-]+)'(?! \|)/g)].map(([, name = '']) => name);
  });
}

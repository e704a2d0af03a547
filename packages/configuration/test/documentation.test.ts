import { readFileSync, writeFileSync } from 'node:fs';
import { readConfiguration } from '@posthouse/configuration';
import { expect, it } from 'vitest';
import { referenceTables } from './reference-page.ts';

const PAGE = new URL('../../../docs/configuration.md', import.meta.url);
const DOCS = ['smarthosts.md', 'configuration.md', 'deploy.md', 'sendmail.md', '../README.md'];
const [BEGIN, END] = [
  '<!-- made from the schema: begin -->\n',
  '<!-- made from the schema: end -->',
];

it('docs/configuration.md lists every setting as the schema has it (UPDATE_DOCS=1 writes it)', () => {
  const page = readFileSync(PAGE, 'utf8');
  const [before = '', rest = ''] = page.split(BEGIN);
  const [tables = '', after = ''] = rest.split(END);
  const made = `\n${referenceTables()}\n`;
  if (process.env['UPDATE_DOCS'] !== undefined) {
    writeFileSync(PAGE, before + BEGIN + made + END + after);
    return;
  }
  expect(withoutLayout(tables)).toBe(withoutLayout(made));
});

it('every configuration that the documentation shows is right', () => {
  for (const name of DOCS) {
    const page = readFileSync(new URL(`../../../docs/${name}`, import.meta.url), 'utf8');
    const blocks = [...page.matchAll(/```toml\n(.*?)```/gs)].map(([, text = '']) => text);
    expect(blocks.length, name).toBeGreaterThan(0);
    for (const text of blocks) {
      const role = /^# \/etc\/posthouse\/(submission|relay|delivery)\.toml/.exec(text)?.[1];
      const reading = readConfiguration(text, '/etc/posthouse/posthouse.toml', {
        role: role === 'submission' || role === 'relay' || role === 'delivery' ? role : 'stack',
      });
      expect(reading, `${name}: ${text}`).toMatchObject({ kind: 'ok' });
    }
  }
});

/** The formatter pads the cells of tables. */
function withoutLayout(text: string): string {
  return text.replace(/ +/g, ' ').replace(/-{3,}/g, '---');
}

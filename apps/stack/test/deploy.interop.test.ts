import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../../..');
const agents = ['submission', 'relay', 'delivery'] as const;

function binOf(agent: string): string {
  const manifest: unknown = JSON.parse(
    readFileSync(join(ROOT, 'packages', agent, 'package.json'), 'utf8'),
  );
  expect(manifest).toMatchObject({ bin: { [`posthouse-${agent}`]: './dist/bin.js' } });
  return `packages/${agent}/dist/bin.js`;
}

describe.each(agents)('the %s agent’s deployment', (agent) => {
  const unit = readFileSync(join(ROOT, 'deploy/systemd', `posthouse-${agent}.service`), 'utf8');

  it('has a unit that systemd finds no fault with', () => {
    const bin = binOf(agent);
    expect(unit).toContain(
      `ExecStart=/usr/bin/node /opt/posthouse/${bin} --config /etc/posthouse/${agent}.toml\n`,
    );
    // systemd wants the programs to be there: the same unit, with the places of this machine.
    const here = unit
      .replaceAll('/usr/bin/node', process.execPath)
      .replaceAll('/opt/posthouse', ROOT);
    const file = join(mkdtempSync(join(tmpdir(), 'posthouse-unit-')), `posthouse-${agent}.service`);
    writeFileSync(file, here);
    const said = execFileSync('systemd-analyze', ['verify', file], {
      encoding: 'utf8',
      stdio: 'pipe',
    });
    expect(said).toBe('');
  });

  it('has a container file that starts the same program, without a shell in between', () => {
    const recipe = readFileSync(join(ROOT, 'deploy/container', `${agent}.Containerfile`), 'utf8');
    expect(recipe).toContain('ENTRYPOINT ["node", "/app/dist/bin.js"]\n');
    expect(recipe).toContain(`--filter=@posthouse/${agent} deploy --prod /app`);
    expect(recipe).toContain(`CMD ["--config", "/etc/posthouse/${agent}.toml"]`);
    expect(existsSync(join(ROOT, 'packages', agent, 'src/bin.ts'))).toBe(true);
  });
});

/**
 * `sendmail` as other programs find it: an executable of that name, which knows the
 * configuration of a system that runs in a process of its own.
 */
import { chmod, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { POSTHOUSE } from './stack-process.ts';

/** Installs it in the system's directory. @returns the path of the executable */
export async function installSendmail(directory: string): Promise<string> {
  await symlink(POSTHOUSE, join(directory, 'sendmail')); // the name is what counts
  const executable = join(directory, 'usr-sbin-sendmail');
  const node = `'${process.execPath}' --conditions=@posthouse/source '${directory}/sendmail'`;
  const configuration = join(directory, 'posthouse.toml');
  await writeFile(executable, `#!/bin/sh\nPOSTHOUSE_CONFIG='${configuration}' exec ${node} "$@"\n`);
  await chmod(executable, 0o755);
  return executable;
}

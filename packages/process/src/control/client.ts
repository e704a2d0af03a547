/**
 * The end of the control socket that a command holds: one order, and the items of its answer
 * as they come.
 */
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { ExitError } from '../exit-code.ts';
import { readLines } from './lines.ts';
import { controlPlace } from './place.ts';
import { CONTROL_VERSION, MAX_ANSWER_BYTES, parseAnswer } from './protocol.ts';
import type { ControlFields, ControlOrder } from './protocol.ts';

/** A way to a running program. */
export interface ControlClient {
  /** Once. @throws ExitError as the verb did, `unavailable` where the answer breaks off */
  order(verb: string, fields?: ControlFields): AsyncIterable<unknown>;
  /** Lets go of it, in the middle of an answer if need be. */
  close(): void;
}

/** Connects; `undefined` where no program runs over this state directory. @throws ExitError `noPermission` */
export async function connectControl(stateDirectory: string): Promise<ControlClient | undefined> {
  const place = controlPlace(stateDirectory);
  await assertOwner(place, stateDirectory);
  const socket = connect(place);
  try {
    await once(socket, 'connect');
  } catch (error) {
    socket.destroy();
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ECONNREFUSED') return undefined;
    throw new ExitError(
      'noPermission',
      `The control socket ${place} cannot be used: ${String(code)}`,
      error,
    );
  }
  return {
    order: (verb, fields = {}) => order(socket, { version: CONTROL_VERSION, verb, fields }),
    close: () => socket.destroy(),
  };
}

async function* order(socket: Socket, message: ControlOrder): AsyncGenerator<unknown, void, void> {
  try {
    socket.write(`${JSON.stringify(message)}\n`);
    for await (const line of readLines(socket, MAX_ANSWER_BYTES)) {
      const answer = parseAnswer(line);
      if (answer === undefined) break;
      if (answer.kind === 'done') return;
      if (answer.kind === 'failed') throw new ExitError(answer.exit, answer.text);
      yield answer.item;
    }
  } catch (error) {
    if (error instanceof ExitError) throw error;
    throw new ExitError('unavailable', 'The running program broke off its answer', error);
  } finally {
    socket.destroy();
  }
  throw new ExitError('unavailable', 'The running program broke off its answer');
}

/** In /tmp anybody can make a file of this name: orders go to who owns the state directory. */
async function assertOwner(place: string, stateDirectory: string): Promise<void> {
  if (process.platform === 'win32') return;
  const [socket, directory] = await Promise.all(
    [place, stateDirectory].map((path) => stat(path).catch(() => undefined)),
  );
  if (socket === undefined || directory === undefined || socket.uid === directory.uid) return;
  throw new ExitError('noPermission', `The control socket ${place} is not its owner's: not used`);
}

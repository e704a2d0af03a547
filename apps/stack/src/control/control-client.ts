/** The end of the control socket that a command holds: one order, one answer. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { ExitError } from '@posthouse/process';
import { controlPlace } from './control-place.ts';
import { parseAnswer } from './control-protocol.ts';
import type { ControlAnswer, ControlOrder } from './control-protocol.ts';

/** @throws ExitError `unavailable` where no stack runs over this state directory */
export async function giveOrder(
  stateDirectory: string,
  order: ControlOrder,
): Promise<ControlAnswer> {
  const socket = connect(controlPlace(stateDirectory));
  try {
    await once(socket, 'connect');
    const lines = createInterface({ input: socket });
    const line = once(lines, 'line');
    const end = once(socket, 'close').then(() => []);
    socket.write(`${JSON.stringify(order)}\n`);
    const [text] = await Promise.race([line, end]);
    const answer = typeof text === 'string' ? parseAnswer(text) : undefined;
    return answer ?? { kind: 'failed', text: 'The stack gave no answer' };
  } catch (error) {
    const text = `No stack runs over ${stateDirectory}: start one with "posthouse up"`;
    throw new ExitError('unavailable', text, error);
  } finally {
    socket.destroy();
  }
}

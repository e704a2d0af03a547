/**
 * The way to whoever takes mail of local programs: a receiver in this process, or a host
 * that is dialled at the first message and kept for those that follow.
 *
 * Never throws: a host that does not answer and a MAIL that is refused are the outcome of
 * every recipient.
 */
import { handOver, outcomeOfError } from '@posthouse/mail';
import type { Clock, HandedMessage, Logger, MailReceiver, RecipientOutcome } from '@posthouse/mail';
import type { ClientSession, ConnectTarget } from '@posthouse/smtp';

/** Hands messages over, one after the other. */
export interface Conveyor {
  convey(message: HandedMessage, signal?: AbortSignal): Promise<readonly RecipientOutcome[]>;
  close(): Promise<void>;
}

export interface ConveyorDeps {
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The way to a receiver in this process. */
export function conveyTo(receiver: MailReceiver): Conveyor {
  return {
    convey: (message, signal) => settle(message, () => handOver(receiver, message, signal)),
    close: () => Promise.resolve(),
  };
}

/** The way to a host. */
export function dialConveyor(target: ConnectTarget, deps: ConveyorDeps): Conveyor {
  let session: ClientSession | undefined;
  const ready = async (signal: AbortSignal | undefined): Promise<ClientSession> => {
    if (session?.usable === true) return session;
    session?.destroy();
    const { connect } = await import('@posthouse/smtp/connect'); // last, and without the listener
    session = await connect(target, deps, signal);
    return session;
  };
  return {
    convey: (message, signal) =>
      settle(message, async () => {
        const open = await ready(signal);
        return handOver(open, fitted(message, open), signal);
      }),
    close: async () => session?.quit(),
  };
}

/** Without what the host does not know: that much less is promised to the author. */
function fitted(message: HandedMessage, { offers }: ClientSession): HandedMessage {
  if (offers.dsn) return message;
  const { envid: _envid, ret: _ret, ...params } = message.params;
  const recipients = message.recipients.map((one) => ({ ...one, params: {} }));
  return { ...message, params, recipients };
}

async function settle(
  message: HandedMessage,
  attempt: () => Promise<readonly RecipientOutcome[]>,
): Promise<readonly RecipientOutcome[]> {
  try {
    return await attempt();
  } catch (error) {
    const outcome = outcomeOfError(error);
    return message.recipients.map(() => outcome);
  }
}

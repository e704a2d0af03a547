/**
 * What an author gets back: the server's word on each recipient, and under what name it
 * keeps the message.
 */
import { isTaken } from '@posthouse/mail';
import type { ForwardPath, RecipientOutcome, RemoteHost, Reply, TlsFacts } from '@posthouse/mail';
import type { ClientSession } from '@posthouse/smtp';

/** What the server said. Plain data. */
export interface Receipt {
  readonly server: RemoteHost;
  /** Absent in the clear. */
  readonly tls?: TlsFacts;
  /** In the order of the message's recipients. */
  readonly recipients: readonly ReceiptLine[];
  /** The server's reply to the message, where it took it. */
  readonly reply?: Reply;
  /** Under what name the server keeps it, where its reply says so in a way that we know. */
  readonly queueId?: string;
  /** Whether the server knows delivery notifications; where not, those asked for will not come. */
  readonly notifications: boolean;
  /** The largest message that the server takes, where it says so. */
  readonly maxSizeBytes?: number;
}

export interface ReceiptLine {
  readonly recipient: ForwardPath;
  readonly outcome: RecipientOutcome;
}

/** Whether the server took the message for every recipient. */
export function isComplete(receipt: Receipt): boolean {
  return receipt.recipients.every(({ outcome }) => isTaken(outcome));
}

/** The receipt for outcomes in the order of the recipients. */
export function receiptOf(
  recipients: readonly ForwardPath[],
  session: ClientSession,
  outcomes: readonly RecipientOutcome[],
): Receipt {
  const { peer, tls, offers } = session;
  const reply = outcomes.find(isTaken)?.reply;
  const queueId = reply === undefined ? undefined : queueIdIn(reply);
  return {
    server: peer,
    ...(tls === undefined ? {} : { tls }),
    recipients: recipients.flatMap((recipient, index) => {
      const outcome = outcomes[index];
      return outcome === undefined ? [] : [{ recipient, outcome }];
    }),
    ...(reply === undefined ? {} : { reply }),
    ...(queueId === undefined ? {} : { queueId }),
    notifications: offers.dsn,
    ...(offers.maxSizeBytes === undefined ? {} : { maxSizeBytes: offers.maxSizeBytes }),
  };
}

/** `queued as X` say Postfix, smtp-server and ourselves, `id=X` Exim, `X Message accepted` Sendmail. */
function queueIdIn(reply: Reply): string | undefined {
  const text = reply.lines.join(' ');
  const found =
    /\b(?:queued|relayed|delivered) as <?([\w.+=-]+)/i.exec(text) ??
    /\bid=([\w.+-]+)/i.exec(text) ??
    /^([\w.-]{8,}) Message accepted/i.exec(text);
  return found?.[1];
}

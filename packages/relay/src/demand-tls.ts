/**
 * A next hop for a message with REQUIRETLS: no TLS as demanded is final there.
 *
 * That is the RFC's word: the author hears of it at once rather than after days. All else
 * that a host does stays as it is.
 *
 * RFC 8689 §4.2.1.
 */
import { MailError, refuse } from '@posthouse/mail';
import type { MailReceiver } from '@posthouse/mail';

/** Wraps a receiver. */
export function demandTls(receiver: MailReceiver): MailReceiver {
  return {
    results: receiver.results,
    // The host may have learnt it since: MAIL finds out, and refuses by itself.
    capabilities: () => ({ ...receiver.capabilities(), requireTls: true }),
    begin(...opening) {
      const transaction = receiver.begin(...opening);
      const opened = transaction.opened.catch((error: unknown) => {
        throw isWithoutTls(error) ? finalOf(error) : error;
      });
      opened.catch(() => undefined); // left unread it does no harm
      return {
        id: transaction.id,
        opened,
        recipient: (...recipient) => transaction.recipient(...recipient),
        stage: (...prefix) => transaction.stage(...prefix),
        commit: (signal) => transaction.commit(signal),
        abort: () => transaction.abort(),
      };
    },
  };
}

function isWithoutTls(error: unknown): error is MailError {
  return error instanceof MailError && error.code === 'next-hop-tls';
}

function finalOf(error: MailError): MailError {
  const { heard, host, reply, tls } = error;
  return refuse('encryption-needed', {
    text: reply.lines.join(' '),
    cause: error,
    tls,
    ...(heard && { heard }),
    ...(host && { host }),
  });
}

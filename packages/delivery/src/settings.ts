/**
 * From the configuration file to the delivery agent's options: the same for the agent
 * alone and for the stack.
 */
import type { Configuration, Secret } from '@posthouse/configuration';
import type { TlsCertificate } from '@posthouse/smtp';
import type { DeliveryAgentOptions } from './agent.ts';

/**
 * The options that a configuration means.
 * @param readSecret asked at each login, so that passwords can change
 */
export function deliveryOptions(
  { delivery, server }: Configuration,
  certificate: TlsCertificate | undefined,
  readSecret: (secret: Secret) => Promise<string>,
): DeliveryAgentOptions {
  const { limits } = delivery;
  return {
    hostname: server.hostname,
    mailDirectory: delivery.mailDirectory,
    maxMessageBytes: limits.maxMessageBytes,
    maxRecipients: limits.maxRecipients,
    listen: delivery.listen,
    certificate,
    allowedPeers: delivery.allowedPeers,
    trustedNetworks: delivery.trustedNetworks,
    logins: Object.fromEntries(
      Object.entries(delivery.logins).map(([user, secret]) => [user, () => readSecret(secret)]),
    ),
    limits,
    drainMs: server.drainMs,
  };
}

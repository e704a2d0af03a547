/**
 * MAIL, RCPT, DATA and BDAT: the commands of a mail transaction in their order.
 *
 * At most one transaction is open. Recipients are put to the receiver as they come, while
 * those before are still being answered; what needs their answers waits for them. BDAT and
 * DATA do not mix (RFC 3030 §2: 503). Whatever ends a transaction early aborts it.
 *
 * RFC 5321 §3.3, §4.1.4; RFC 1870 §6.1; RFC 2033 §4.2; RFC 3030 §2.
 */
import { isPositive, isTaken, newTraceId, refuse, tooLarge } from '@posthouse/mail';
import type {
  Clock,
  MailError,
  MailReceiver,
  RecipientOutcome,
  Reply,
  TransferContext,
} from '@posthouse/mail';
import { parseMailCommand } from '../command-syntax/mail-command.ts';
import type { MailCommand } from '../command-syntax/mail-command.ts';
import { parseRcptCommand } from '../command-syntax/rcpt-command.ts';
import { parseBdat } from './bdat-command.ts';
import { ContentDecoder } from './content-decoder.ts';
import { ContentFlow, MAX_OVERRUN_OCTETS } from './content-flow.ts';
import { ChunkIntake, DataIntake, passOn } from './content-intake.ts';
import type { Content } from './content-intake.ts';
import { IncomingMail } from './incoming-mail.ts';
import type { Intake } from './intake.ts';
import type { ListenerSettings } from './listener-options.ts';
import type { Offers } from './offers.ts';
import { messageReply, recipientReply } from './outcome-replies.ts';
import { octetsReceived, RECIPIENT_OK, replyTo, SEND_CONTENT, SENDER_OK } from './replies.ts';
import type { SessionLog } from './session-log.ts';
import type { SessionFacts, SessionPolicy } from './session-policy.ts';
import type { Watch } from './watch.ts';

/** What a command comes to. A refusal is thrown, or the promise rejects with it. */
export interface Answer {
  /** Absent: the command says its replies itself. */
  readonly reply?: Reply | Promise<Reply>;
  /** Holds back the client's next commands. */
  readonly hold?: Promise<unknown>;
}

/** The session around the exchange. */
export interface ExchangeSession {
  readonly settings: ListenerSettings;
  readonly receiver: MailReceiver;
  readonly policy: SessionPolicy;
  readonly clock: Clock;
  readonly log: SessionLog;
  readonly watch: Watch;
  readonly facts: SessionFacts;
  readonly offers: Offers;
  readonly closed: boolean;
  say(reply: Reply): void;
  /** A message was taken: errors before it are forgiven. */
  messageTaken(): void;
  /** Who takes the octets from now on; absent: command lines. */
  listenTo(intake: Intake | undefined): void;
  /** Closes when what was said is written. */
  close(): void;
}

/** A transaction whose content has begun to come. */
interface Receiving extends Content {
  readonly mail: IncomingMail;
}

/** The mail transactions of one session. */
export class MailExchange {
  readonly #session: ExchangeSession;
  #mail: IncomingMail | undefined;
  /** Set between the first BDAT and the last. */
  #receiving: Receiving | undefined;

  constructor(session: ExchangeSession) {
    this.#session = session;
  }

  /** Whether a transaction is open. */
  get open(): boolean {
    return this.#mail !== undefined;
  }

  /** Ends the open transaction without a trace. */
  abort(): void {
    if (this.#mail !== undefined) this.#drop(this.#mail);
  }

  /** MAIL. @throws MailError */
  mail(argument: string): Answer {
    const { facts, offers, policy } = this.#session;
    if (this.#mail !== undefined) {
      throw refuse('command-sequence', { text: 'A transaction is open already' });
    }
    const command = parseMailCommand(argument, offers);
    const { params, reversePath } = command;
    if ((params.sizeBytes ?? 0) > offers.maxMessageBytes) throw tooLarge(offers.maxMessageBytes);
    const verdict = policy.sender?.(reversePath, params, facts);
    if (verdict === undefined) return { reply: this.#open(command) };
    const reply = Promise.resolve(verdict).then(() => this.#open(command));
    return { reply, hold: reply };
  }

  /** RCPT. @throws MailError */
  rcpt(argument: string): Answer {
    const { facts, offers, policy, settings } = this.#session;
    const mail = this.#mail;
    if (mail === undefined || this.#receiving !== undefined) {
      throw refuse('command-sequence', { text: 'RCPT follows MAIL and comes before the content' });
    }
    const { forwardPath, params } = parseRcptCommand(argument, {
      dsn: offers.dsn,
      smtpUtf8: mail.envelope.params.smtpUtf8 === true,
      postmasterDomain: settings.postmasterDomain,
    });
    if (mail.recipientCount >= offers.maxRecipients) throw refuse('too-many-recipients');
    const verdict = policy.recipient?.(forwardPath, params, facts);
    const ask = (): Promise<Reply> => mail.recipient(forwardPath, params).then(() => RECIPIENT_OK);
    if (verdict === undefined) return { reply: ask() };
    // Held until the receiver is asked, and no longer: it hears of recipients in their order.
    const hold = Promise.resolve(verdict);
    return { reply: hold.then(ask), hold };
  }

  /** DATA. @throws MailError */
  data(): Answer {
    if (this.#receiving !== undefined) {
      throw refuse('command-sequence', { text: 'DATA does not mix with BDAT' });
    }
    const receiving = this.#begin('dots');
    this.#session.listenTo(
      new DataIntake(receiving, {
        ended: () => this.#conclude(receiving),
        cutOff: () => this.#cutOff(receiving),
      }),
    );
    return { reply: SEND_CONTENT };
  }

  /**
   * BDAT. Its octets are taken whatever the reply will be (RFC 3030 §2).
   * @param permit throws where there may be no mail now
   */
  bdat(argument: string, permit: () => void): Answer {
    const chunk = parseBdat(argument);
    if (chunk === undefined) {
      // How many octets follow is not known: none of them may be read as commands.
      return this.#leave(refuse('parameter-syntax', { text: 'Syntax: BDAT octets [LAST]' }));
    }
    const { octets, last } = chunk;
    const receiving = this.#receivingForBdat(permit);
    if (receiving instanceof Error) return this.#skip(octets, receiving);
    if (!receiving.flow.mayTake(octets)) {
      receiving.flow.refuse(tooLarge(this.#session.offers.maxMessageBytes));
      this.#cutOff(receiving);
      return {};
    }
    this.#receiving = receiving;
    const ended = (): Promise<void> => this.#chunkEnded(receiving, octets, last);
    if (octets === 0) return { hold: ended() };
    this.#session.listenTo(new ChunkIntake(octets, receiving, ended));
    return {};
  }

  async #open(command: MailCommand): Promise<Reply> {
    const { closed, receiver } = this.#session;
    if (closed) throw refuse('command-sequence'); // nobody is there to be told
    const { reversePath, params, origin } = command;
    const hop = this.#hop();
    const mail = new IncomingMail(receiver, { reversePath, params, hop, context: origin ?? hop });
    this.#mail = mail;
    try {
      await mail.opened;
      return SENDER_OK;
    } catch (thrown) {
      this.#drop(mail);
      throw thrown;
    }
  }

  #hop(): TransferContext {
    const { clock, facts } = this.#session;
    const { protocol, peer, greeting, tls, identity } = facts;
    return {
      protocol,
      peer,
      greeting,
      ...(tls === undefined ? {} : { tls }),
      ...(identity === undefined ? {} : { identity }),
      arrivedAt: clock.now(),
      traceId: newTraceId(),
    };
  }

  /** Stages the content. @throws MailError */
  #begin(framing: 'dots' | 'octets'): Receiving {
    const { facts, offers, settings, watch } = this.#session;
    const mail = this.#mail;
    if (mail === undefined)
      throw refuse('command-sequence', { text: 'Content follows MAIL and RCPT' });
    if (mail.recipientCount === 0)
      throw refuse('command-sequence', { text: 'No valid recipients' });
    const normalize = settings.bareLineEndings(facts.peer) === 'normalize';
    try {
      const flow = new ContentFlow({
        writer: mail.stage(settings.hostname),
        maxBytes: offers.maxMessageBytes,
        abort: () => mail.abort(),
      });
      watch.contentBegins();
      const decoder = new ContentDecoder({ framing, normalize });
      return { mail, flow, decoder, refuseBare: !normalize };
    } catch (thrown) {
      this.#drop(mail);
      throw thrown;
    }
  }

  #receivingForBdat(permit: () => void): Receiving | MailError {
    if (this.#receiving !== undefined) return this.#receiving;
    try {
      permit();
      return this.#begin('octets');
    } catch (thrown) {
      return this.#session.log.refused('command', thrown);
    }
  }

  /** Takes the octets of a BDAT that is refused, then says so. */
  #skip(octets: number, error: MailError): Answer {
    const session = this.#session;
    if (octets === 0) return { reply: replyTo(error) };
    if (octets > MAX_OVERRUN_OCTETS) return this.#leave(error);
    const ended = async (): Promise<void> => {
      session.listenTo(undefined);
      session.say(replyTo(error));
    };
    session.listenTo(new ChunkIntake(octets, undefined, ended));
    return {};
  }

  /** Refuses and closes: what follows cannot be told from commands, or is too much. */
  #leave(error: MailError): Answer {
    this.#session.say(replyTo(error));
    this.#session.close();
    return {};
  }

  async #chunkEnded(receiving: Receiving, octets: number, last: boolean): Promise<void> {
    const { flow, mail } = receiving;
    if (last) {
      await passOn(receiving, receiving.decoder.finish(), 0);
      return this.#conclude(receiving);
    }
    this.#session.listenTo(undefined);
    if (flow.refusal === undefined) return this.#session.say(octetsReceived(octets));
    const error = this.#session.log.refused('message', flow.refusal, { queueId: mail.id });
    this.#drop(mail);
    this.#session.say(replyTo(error));
  }

  /** All content came: hands over, and says what became of it. */
  async #conclude(receiving: Receiving): Promise<void> {
    const { mail } = receiving;
    // Nobody hears the reply: the client will send again, so this one must leave no trace.
    if (this.#session.closed) return this.#drop(mail);
    await receiving.flow.end();
    this.#session.watch.contentEnds();
    const replies = await this.#outcome(receiving);
    this.#forget(mail);
    this.#session.listenTo(undefined);
    for (const reply of replies) this.#session.say(reply);
  }

  async #outcome({ mail, flow }: Receiving): Promise<readonly Reply[]> {
    const { log, settings } = this.#session;
    if (flow.refusal !== undefined) return this.#sayToAll(mail, flow.refusal);
    let outcomes: readonly RecipientOutcome[];
    try {
      outcomes = await mail.commit();
    } catch (thrown) {
      return this.#sayToAll(mail, thrown);
    }
    if (outcomes.some(isTaken)) {
      log.accepted(mail, outcomes, flow.sizeBytes);
      this.#session.messageTaken();
    }
    const lmtp = settings.protocol === 'lmtp';
    const replies = lmtp
      ? outcomes.map((outcome) => recipientReply(outcome, mail.id))
      : [messageReply(outcomes, mail.id)];
    for (const [place, reply] of replies.entries()) {
      if (!isPositive(reply)) log.notTaken(mail, lmtp ? mail.recipients[place] : undefined, reply);
    }
    return replies;
  }

  /** A refusal of the whole message: LMTP says it for each recipient (RFC 2033 §4.2). */
  #sayToAll(mail: IncomingMail, thrown: unknown): readonly Reply[] {
    const { log, settings } = this.#session;
    const error = log.refused('message', thrown, { queueId: mail.id });
    const count = settings.protocol === 'lmtp' ? mail.recipientCount : 1;
    return Array.from({ length: count }, () => replyTo(error));
  }

  /** Too much came of a message that is refused: says so and closes. */
  #cutOff({ mail, flow }: Receiving): void {
    for (const reply of this.#sayToAll(mail, flow.refusal)) this.#session.say(reply);
    this.#drop(mail);
    this.#session.close();
  }

  #drop(mail: IncomingMail): void {
    mail.abort();
    this.#forget(mail);
  }

  #forget(mail: IncomingMail): void {
    if (this.#mail !== mail) return;
    this.#mail = undefined;
    this.#receiving = undefined;
    this.#session.watch.contentEnds();
  }
}

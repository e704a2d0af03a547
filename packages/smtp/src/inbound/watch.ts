/**
 * The deadlines of a session: per command, for the mail data in total, for its rate, and
 * for the session as a whole.
 *
 * Time counts only while the client owes us something: neither a slow receiver nor a
 * slow policy can end a session. One timer at a time is set, for the earliest deadline;
 * commands only move numbers. When a deadline has passed, `expire` is called with the
 * refusal to say; whether the client is waited for again is up to the callee.
 *
 * RFC 5321 §4.5.3.2.7 (server time-out of 5 minutes).
 */
import { refuse } from '@posthouse/mail';
import type { Clock, MailError, Timer } from '@posthouse/mail';

/** Durations of a session; see `ListenerLimits`. */
export interface WatchLimits {
  readonly commandTimeoutMs: number;
  readonly dataTimeoutMs: number;
  readonly minDataBytesPerSecond: number;
  readonly sessionTimeoutMs: number;
}

/** How long mail data may be slower than the minimum before that counts. */
const RATE_GRACE_MS = 30_000;

interface Content {
  readonly beganAt: number;
  octets: number;
  /** For how long we waited for the client's octets. */
  waitedMs: number;
}

interface Deadline {
  readonly at: number;
  readonly refusal: 'idle-too-long' | 'too-slow';
  readonly text?: string;
}

/** Watches one session. */
export class Watch {
  readonly #clock: Clock;
  readonly #limits: WatchLimits;
  readonly #expire: (error: MailError) => void;
  readonly #beganAt: number;
  #waitingSince: number | undefined;
  #content: Content | undefined;
  #timer: Timer | undefined;
  #timerAt = 0;
  #stopped = false;

  constructor(clock: Clock, limits: WatchLimits, expire: (error: MailError) => void) {
    this.#clock = clock;
    this.#limits = limits;
    this.#expire = expire;
    this.#beganAt = clock.now();
  }

  /** From now on the client is to speak. */
  waiting(): void {
    if (this.#stopped) return;
    const now = this.#clock.now();
    this.#waitingSince = now;
    const { at } = this.#next(now);
    if (this.#timer === undefined || at < this.#timerAt) this.#set(at, now);
  }

  /** The client has spoken; from now on it waits for us. */
  working(octets: number): void {
    const content = this.#content;
    if (content !== undefined) {
      if (this.#waitingSince !== undefined) {
        content.waitedMs += this.#clock.now() - this.#waitingSince;
      }
      content.octets += octets;
    }
    this.#waitingSince = undefined;
  }

  /** Mail data begins; a second call changes nothing. */
  contentBegins(): void {
    this.#content ??= { beganAt: this.#clock.now(), octets: 0, waitedMs: 0 };
  }

  contentEnds(): void {
    this.#content = undefined;
  }

  /** Watches no more. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** The earliest deadline if the client stays silent from `since` on. */
  #next(since: number): Deadline {
    const limits = this.#limits;
    let next: Deadline = { at: since + limits.commandTimeoutMs, refusal: 'idle-too-long' };
    const content = this.#content;
    if (content === undefined) {
      const at = this.#beganAt + limits.sessionTimeoutMs;
      if (at < next.at) next = { at, refusal: 'idle-too-long', text: 'Session lasted too long' };
      return next;
    }
    const paidMs = (content.octets / limits.minDataBytesPerSecond) * 1000;
    const rateAt = since + RATE_GRACE_MS + paidMs - content.waitedMs;
    if (rateAt < next.at) next = { at: rateAt, refusal: 'too-slow' };
    const totalAt = content.beganAt + limits.dataTimeoutMs;
    if (totalAt < next.at) {
      next = { at: totalAt, refusal: 'too-slow', text: 'Mail data took too long' };
    }
    return next;
  }

  #set(at: number, now: number): void {
    this.#timer?.cancel();
    this.#timerAt = at;
    this.#timer = this.#clock.after(Math.max(0, at - now), () => this.#fire());
  }

  #fire(): void {
    this.#timer = undefined;
    if (this.#waitingSince === undefined) return; // set again when we wait
    const next = this.#next(this.#waitingSince);
    const now = this.#clock.now();
    if (next.at > now) return this.#set(next.at, now);
    this.#waitingSince = undefined;
    this.#expire(refuse(next.refusal, next.text === undefined ? {} : { text: next.text }));
  }
}

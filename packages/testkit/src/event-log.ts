/**
 * The events of a log in their order, to be waited for: a test that waits for what is told
 * needs not sleep.
 *
 * Each event is handed to one waiter, so that waiting for the same name again means the
 * next one. When the log has ended, waiting rejects with the reason.
 */
import type { Logger } from '@posthouse/mail';

/** One event: its fields, with `event`, `level` and the sentence in `msg`. */
export type LogEvent = Readonly<Record<string, unknown>>;

/** Events so far, and those to come. */
export interface EventLog {
  /** Writes here. */
  readonly logger: Logger;
  /** All, whoever waited for them. */
  readonly events: readonly LogEvent[];
  /**
   * The first event of this name, or of one of these, with these fields that nobody has waited for.
   * @throws why the log ended
   */
  next(name: string | readonly string[], fields?: LogEvent): Promise<LogEvent>;
  add(event: LogEvent): void;
  /** No more events: waiting rejects with this. */
  end(reason: Error): void;
}

interface Waiter {
  fits(event: LogEvent): boolean;
  readonly found: PromiseWithResolvers<LogEvent>;
}

/** Makes an empty log. */
export function createEventLog(): EventLog {
  const events: LogEvent[] = [];
  const unread: LogEvent[] = [];
  const waiters: Waiter[] = [];
  let ended: Error | undefined;

  function add(event: LogEvent): void {
    events.push(event);
    const place = waiters.findIndex((waiter) => waiter.fits(event));
    if (place === -1) unread.push(event);
    else waiters.splice(place, 1)[0]?.found.resolve(event);
  }

  const writer =
    (level: string): Logger['info'] =>
    (fields, msg) =>
      add({ level, ...fields, msg });

  return {
    logger: {
      debug: writer('debug'),
      info: writer('info'),
      warn: writer('warn'),
      error: writer('error'),
    },
    events,
    next(name, fields = {}) {
      const names = [name].flat();
      const wanted = Object.entries(fields);
      const fits = (event: LogEvent): boolean =>
        names.includes(String(event['event'])) &&
        wanted.every(([key, value]) => event[key] === value);
      const [event] = take(unread, fits);
      if (event !== undefined) return Promise.resolve(event);
      if (ended !== undefined) return Promise.reject(ended);
      const found = Promise.withResolvers<LogEvent>();
      waiters.push({ fits, found });
      return found.promise;
    },
    add,
    end(reason) {
      ended = reason;
      for (const { found } of waiters.splice(0)) found.reject(reason);
    },
  };
}

function take(events: LogEvent[], fits: (event: LogEvent) => boolean): readonly LogEvent[] {
  const place = events.findIndex(fits);
  return place === -1 ? [] : events.splice(place, 1);
}

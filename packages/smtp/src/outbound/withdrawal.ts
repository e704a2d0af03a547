/**
 * What happens when a caller gives up while the peer owes it an answer.
 *
 * The calls of one transaction mostly share one signal: it is listened to once, for as long as
 * the transaction lasts, and counts while an answer under it is owed. A signal that fires when
 * nothing is owed says nothing.
 */

/** The calls of one transaction that may be given up. */
export class Withdrawal {
  readonly #onGivenUp: (reason: unknown) => void;
  readonly #watched = new Map<AbortSignal, Watched>();

  /** @param onGivenUp called with the signal's reason, once for each signal at most */
  constructor(onGivenUp: (reason: unknown) => void) {
    this.#onGivenUp = onGivenUp;
  }

  /** Passes an answer on; until it has come, the signal gives it up. */
  watch<Value>(answer: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
    if (signal === undefined) return answer;
    const watched = this.#watched.get(signal) ?? this.#listen(signal);
    const settled = (): void => void (watched.owed -= 1);
    watched.owed += 1;
    answer.then(settled, settled);
    if (signal.aborted) this.#onGivenUp(signal.reason);
    return answer;
  }

  /** Listens no more. */
  end(): void {
    for (const [signal, { onAbort }] of this.#watched) signal.removeEventListener('abort', onAbort);
    this.#watched.clear();
  }

  #listen(signal: AbortSignal): Watched {
    const watched: Watched = {
      owed: 0,
      onAbort: () => {
        if (watched.owed > 0) this.#onGivenUp(signal.reason);
      },
    };
    signal.addEventListener('abort', watched.onAbort);
    this.#watched.set(signal, watched);
    return watched;
  }
}

interface Watched {
  /** Answers under way. */
  owed: number;
  readonly onAbort: () => void;
}

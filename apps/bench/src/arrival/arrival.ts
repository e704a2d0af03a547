/** Where messages arrive: counts them while they come, and looks at each one afterwards. */

/** What a check of one run found. */
export interface Findings {
  /** Deliveries that are there, whole, once: as many as messages, times recipients. */
  readonly good: number;
  /** Those that came more than once. */
  readonly repeated: number;
  /** Something that is not a whole message of this run. */
  readonly foreign: number;
  /** When each message came, by its number and our `now`; of several recipients the last. */
  readonly times: ReadonlyMap<number, number>;
}

/** One destination over several runs. */
export interface Arrival {
  /** Until the next check each message's time is known as exactly as can be, which costs CPU. */
  listen(): void;
  /** Resolves when that many more have come since the last check. @throws Error when nothing comes for long */
  reached(deliveries: number): Promise<void>;
  /** Looks at all that came since the last check. */
  check(run: string): Promise<Findings>;
  stop(): Promise<void>;
}

/** Nothing comes for this long: it will not come. */
export const PATIENCE_MS = 60_000;

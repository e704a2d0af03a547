/** Counts what is under way, and tells when nothing is. A number, for the reason that `bag.ts` gives. */
export class Tally {
  #count = 0;
  #waiting: (() => void)[] = [];

  /** Counts a task until it has ended, well or not. @returns the task */
  add<Value>(task: Promise<Value>): Promise<Value> {
    const ended = (): void => this.#ended();
    this.#count += 1;
    task.then(ended, ended);
    return task;
  }

  get count(): number {
    return this.#count;
  }

  get isNone(): boolean {
    return this.#count === 0;
  }

  /** Resolves when nothing is under way, what began meanwhile included. */
  async none(): Promise<void> {
    while (this.#count > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #ended(): void {
    this.#count -= 1;
    if (this.#count > 0) return;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

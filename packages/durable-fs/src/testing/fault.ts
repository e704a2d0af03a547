/** Faults, the rules that say which calls they befall, and the matching of the two. */
import type { FileSystem } from '../file-system.ts';

export type FileOperation = keyof FileSystem;

/**
 * - `fail`: the call does nothing and rejects with this code
 * - `tear`: a write takes only `bytes` bytes; then it rejects with `code`, or without one says so
 * - `delay`: the call waits for `release` and then goes on
 * - `stop`: the process dies before the call; with `bytes`, within a write, after so many
 */
export type Fault =
  | { readonly kind: 'fail'; readonly code: string }
  | { readonly kind: 'tear'; readonly bytes: number; readonly code?: string }
  | { readonly kind: 'delay' }
  | { readonly kind: 'stop'; readonly bytes?: number };

/** Which calls go wrong; all conditions must hold. `tear`, and `stop` with `bytes`, befall writes alone. */
export interface FaultRule {
  readonly fault: Fault;
  /** @default any */
  readonly operation?: FileOperation;
  /** Tried on the old and on the new name of a rename or link. @default any */
  readonly path?: RegExp;
  /** The first call that goes wrong, counted from 1 among those that match. @default 1 */
  readonly at?: number;
  /** How many go wrong from there on. @default 1; Infinity for a disk that stays broken */
  readonly times?: number;
}

/** A rule at work. */
export interface InjectedFault {
  /** Calls that went wrong by it so far. */
  readonly hits: number;
  /** Resolves when the first call goes wrong, or begins to wait. */
  readonly reached: Promise<void>;
  /** Lets all go on that `delay` holds, and those to come. */
  release(): void;
  /** The disk is well again, as far as this rule goes. */
  remove(): void;
}

/** What befalls one call. */
interface StruckCall {
  readonly fault: Fault;
  /** Resolves on `release`. */
  readonly released: Promise<void>;
}

export interface FaultRules {
  inject(rule: FaultRule): InjectedFault;
  /** Counts a call against every rule; the earliest that strikes is the one. */
  strike(operation: FileOperation, names: readonly string[]): StruckCall | undefined;
}

class ActiveRule implements InjectedFault, StruckCall {
  readonly rule: FaultRule;
  hits = 0;
  matches = 0;
  readonly #reached = Promise.withResolvers<void>();
  readonly #released = Promise.withResolvers<void>();
  readonly #rules: Set<ActiveRule>;

  constructor(rule: FaultRule, rules: Set<ActiveRule>) {
    this.rule = rule;
    this.#rules = rules;
    rules.add(this);
  }

  get fault(): Fault {
    return this.rule.fault;
  }

  get reached(): Promise<void> {
    return this.#reached.promise;
  }

  get released(): Promise<void> {
    return this.#released.promise;
  }

  release(): void {
    this.#released.resolve();
  }

  remove(): void {
    this.#rules.delete(this);
  }

  /** Whether this call is one that goes wrong by this rule. */
  counts(operation: FileOperation, names: readonly string[]): boolean {
    const { fault, path, at = 1, times = 1 } = this.rule;
    const only = 'bytes' in fault ? 'write' : this.rule.operation;
    if (only !== undefined && only !== operation) return false;
    if (path !== undefined && !names.some((name) => path.test(name))) return false;
    this.matches += 1;
    return this.matches >= at && this.matches < at + times;
  }

  hit(): void {
    this.hits += 1;
    this.#reached.resolve();
  }
}

/** @see FaultRules */
export function createFaultRules(): FaultRules {
  const rules = new Set<ActiveRule>();
  return {
    inject: (rule) => new ActiveRule(rule, rules),
    strike(operation, names) {
      const [first] = [...rules].filter((rule) => rule.counts(operation, names));
      first?.hit();
      return first;
    },
  };
}

/**
 * What a site was seen to bear: learnt from hosts that say that they had too much. Pure.
 *
 * One overload halves the attempts at once and the messages a minute, at most once a minute, since
 * attempts that run together fail together. Every five minutes with answers and without overload
 * give one attempt and a tenth of the rate back (additive increase, multiplicative decrease). A
 * site that bears twice what was too much once has no shape any more.
 */

/** Plain data. Absent numbers: no limit but the ordinary one. */
export interface Shape {
  readonly maxAttempts?: number;
  readonly perMinute?: number;
  /** Messages in the minute before it was too much. */
  readonly tooMuch: number;
  readonly slowedAt: number;
  /** The last step, in either direction. */
  readonly changedAt: number;
}

/** How the site was used when it said so. */
export interface Load {
  /** Attempts under way, this one included. */
  readonly attempts: number;
  /** Messages of the last minute. */
  readonly perMinute: number;
}

const MINUTE_MS = 60_000;
/** Between two steps back up. */
export const EASE_MS: number = 5 * MINUTE_MS;
/** Fewer messages a minute were not too many: something else was. */
const FEW = 6;

/** After an overload. */
export function slowedShape(shape: Shape | undefined, load: Load, now: number): Shape {
  if (shape !== undefined && Math.abs(now - shape.slowedAt) < MINUTE_MS) return shape;
  const attempts = Math.min(shape?.maxAttempts ?? Infinity, Math.max(1, load.attempts));
  const rate = Math.min(shape?.perMinute ?? Infinity, Math.max(1, load.perMinute));
  const isFew = shape?.perMinute === undefined && rate < FEW;
  return {
    maxAttempts: Math.max(1, Math.floor(attempts / 2)),
    ...(isFew ? {} : { perMinute: Math.max(1, Math.floor(rate / 2)) }),
    tooMuch: Math.ceil(rate),
    slowedAt: now,
    changedAt: now,
  };
}

/** After an answer; `undefined` once nothing is left of it. @param ordinary attempts that the site may have otherwise */
export function easedShape(shape: Shape, ordinary: number, now: number): Shape | undefined {
  const steps = Math.floor((now - shape.changedAt) / EASE_MS);
  if (steps < 1) return shape;
  const maxAttempts = raised(shape.maxAttempts, steps, ordinary);
  const step = Math.max(1, Math.ceil(shape.tooMuch / 10));
  const perMinute = raised(shape.perMinute, steps * step, 2 * shape.tooMuch + step);
  if (maxAttempts === undefined && perMinute === undefined) return undefined;
  return {
    ...(maxAttempts === undefined ? {} : { maxAttempts }),
    ...(perMinute === undefined ? {} : { perMinute }),
    tooMuch: shape.tooMuch,
    slowedAt: shape.slowedAt,
    changedAt: shape.changedAt + steps * EASE_MS,
  };
}

/** A shape from a note; `undefined` where it is none. */
export function readShape(value: unknown): Shape | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { changedAt, maxAttempts, perMinute, slowedAt, tooMuch } = value as Partial<Shape>; // looked at below
  if (!isCount(tooMuch) || !Number.isFinite(changedAt) || !Number.isFinite(slowedAt)) {
    return undefined;
  }
  return {
    ...(isCount(maxAttempts) ? { maxAttempts } : {}),
    ...(isCount(perMinute) ? { perMinute } : {}),
    tooMuch,
    slowedAt: Number(slowedAt),
    changedAt: Number(changedAt),
  };
}

function raised(value: number | undefined, by: number, until: number): number | undefined {
  return value === undefined || value + by >= until ? undefined : value + by;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && value >= 1 && value <= 1e9;
}

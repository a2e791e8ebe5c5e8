// Wall-clock time in fractions of a millisecond.

// Once: on Node 20 the global is a getter, which takes a twentieth of a span.
const { performance } = globalThis;

/** Milliseconds of the monotonic clock: `performance.now()`. */
export function now(): number {
  return performance.now();
}

/** How often, in milliseconds, the monotonic clock is compared with the wall clock. */
const CHECK_INTERVAL = 1_000;
/** By how much, in milliseconds, they may differ before we follow the wall clock. */
const TOLERANCE = 20;

/**
 * The monotonic clock laid on the wall clock. A machine that was suspended, or whose time was set, is noticed within a
 * second of use; a span keeps the offset it started with, so that no correction reaches its duration.
 */
class Clock {
  #offset = firstOffset();
  #checked = performance.now();

  /** What to add to `performance.now()`, of which `monotonic` is the latest answer, to get milliseconds since 1970. */
  offset(monotonic: number): number {
    if (monotonic - this.#checked > CHECK_INTERVAL) {
      this.#checked = monotonic;
      const offset = Date.now() - monotonic;
      if (Math.abs(offset - this.#offset) > TOLERANCE) this.#offset = offset;
    }
    return this.#offset;
  }
}

export const clock: Clock = new Clock();

/**
 * The process's own origin is exact to microseconds. `Date.now()` leaves out what is less than a millisecond, so that by it a
 * caller's span might begin after its callee's; it counts where the time was set since the start, or there is no origin.
 */
function firstOffset(): number {
  const offset = Date.now() - performance.now();
  return Math.abs(offset - performance.timeOrigin) > TOLERANCE ? offset : performance.timeOrigin;
}

/** A time that a user gave, in milliseconds since 1970, else `byDefault`. */
export function timeOr(byDefault: number, given: unknown): number {
  return given === undefined ? byDefault : (givenTime(given) ?? byDefault);
}

/**
 * A time that a user gave, in milliseconds since 1970. A Date counts; undefined for what is no time, which must not reach
 * reporters, for them it would be 1970.
 */
export function givenTime(given: unknown): number | undefined {
  const time = given instanceof Date ? given.getTime() : given;
  return typeof time === "number" && Number.isFinite(time) ? time : undefined;
}

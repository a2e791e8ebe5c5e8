// Reads `tracerParameters`: an object of options, or an array of arguments.

import { type Check, checkOptions } from "../settings.ts";

type Options = Readonly<Record<string, unknown>>;

/** `tracerParameters` as positional arguments. */
export function positional(parameters: object | readonly unknown[] | undefined): readonly unknown[] {
  if (parameters === undefined) return [];
  return Array.isArray(parameters) ? parameters : [parameters];
}

/**
 * The one object of options, `{}` without any.
 *
 * @throws TypeError for an option that is not in `checks`, or is wrong
 */
export function optionsIn(
  name: string,
  parameters: object | readonly unknown[] | undefined,
  checks: Readonly<Record<string, Check>>,
): Options {
  const [options = {}, ...others] = positional(parameters);
  if (others.length > 0)
    throw new TypeError(`tracerParameters of ${name}: there is one argument, an object of options`);
  checkOptions(`tracerParameters of ${name}`, options, checks);
  return options as Options;
}

export const isRecord: Check = (value) =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? undefined : "an object";

const isAnything: Check = () => undefined;

/** Checks that let these options pass, whatever their values. */
export function anyNamed(names: readonly string[]): Record<string, Check> {
  return Object.fromEntries(names.map((name) => [name, isAnything]));
}

/** Checks that let every option pass that is given, for tracers whose options nobody can list. */
export function anyGiven(parameters: object | readonly unknown[] | undefined): Record<string, Check> {
  return anyNamed(Object.keys(positional(parameters)[0] ?? {}));
}

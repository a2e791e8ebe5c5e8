// Reads `tracerParameters`: an object of options, or an array of arguments.

import { type Check, checkOptions, isText } from "../settings.ts";

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

export const isHttpUrl: Check = (value) =>
  isText(value) === undefined && URL.canParse(value as string) && /^https?:$/.test(new URL(value as string).protocol)
    ? undefined
    : 'an http or https URL: "http://localhost:9411"';

export const isRecord: Check = (value) =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? undefined : "an object";

export const isAnything: Check = () => undefined;

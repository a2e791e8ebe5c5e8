// Routes: regular expressions, matched against the path from its first character as Tornado does it.

import type { Routed } from "../http/server-handler.ts";
import { show } from "../settings.ts";
import type { HandlerClass } from "./application.ts";
import { HTTPError } from "./http-error.ts";

/**
 * Pattern, handler class, and what the handler's `initialize` gets. A pattern that is a text gets a `$` at its end, if it
 * has none; a RegExp is left as it is.
 */
export type Route = readonly [pattern: string | RegExp, handler: HandlerClass, initialize?: object];

/** Which handler serves a path, and with what. */
export interface Target {
  readonly Handler: HandlerClass;
  readonly initialize: object | undefined;
  readonly routed: Routed;
  /** The groups as they stand in the path, still percent-encoded. */
  readonly groups: readonly (string | undefined)[];
  readonly named: Readonly<Record<string, string | undefined>> | undefined;
}

/** The routes of an application, in their order. */
export class Routes {
  readonly #compiled: readonly Compiled[];

  /** @throws TypeError for what is no route, saying what to write instead */
  constructor(routes: readonly Route[]) {
    if (!Array.isArray(routes)) {
      throw new TypeError(
        `new Application(routes, settings): routes must be an array, ${EXAMPLE}, not ${show(routes)}`,
      );
    }
    this.#compiled = routes.map(compiled);
  }

  /** The first route that matches. */
  find(path: string): Target | undefined {
    for (const { pattern, Handler, initialize, routed } of this.#compiled) {
      pattern.lastIndex = 0;
      const match = pattern.exec(path);
      if (match !== null) return { Handler, initialize, routed, groups: match.slice(1), named: match.groups };
    }
    return undefined;
  }
}

/** What the groups of a route matched, as a handler has it. One that took no part is undefined. */
export interface PathArguments {
  /** The groups in their order; none where they have names. */
  pathArgs: (string | undefined)[];
  /** Those that have names. */
  pathKwargs: Record<string, string | undefined>;
}

/** @throws HTTPError 400 where what a group encodes is not UTF-8 */
export function argumentsOf({ groups, named }: Target): PathArguments {
  if (named === undefined) return { pathArgs: groups.map((value) => decoded(value, "url")), pathKwargs: {} };
  const entries = Object.entries(named).map(([name, value]) => [name, decoded(value, name)]);
  return { pathArgs: [], pathKwargs: Object.fromEntries(entries) };
}

/** The arguments of the handler's method: the groups in their order, and those that have names as one object. */
export function passedBy({ pathArgs, pathKwargs }: PathArguments): unknown[] {
  return Object.keys(pathKwargs).length === 0 ? pathArgs : [...pathArgs, pathKwargs];
}

/** The name of a request's span is that of its handler's class. */
export function routedTo(Handler: HandlerClass): Routed {
  return { component: "tornado", route: undefined, name: Handler.name || undefined };
}

const EXAMPLE = '[["/story/([0-9]+)", StoryHandler]]';

interface Compiled {
  readonly pattern: RegExp;
  readonly Handler: HandlerClass;
  readonly initialize: object | undefined;
  readonly routed: Routed;
}

function compiled(route: Route): Compiled {
  if (!Array.isArray(route)) throw new TypeError(`new Application(routes): a route is ${EXAMPLE}, not ${show(route)}`);
  const [given, Handler, initialize] = route as unknown as [unknown, unknown, unknown];
  if (typeof given !== "string" && !(given instanceof RegExp)) {
    throw new TypeError(
      `new Application(routes): a pattern must be a text or a RegExp, ${EXAMPLE}, not ${show(given)}`,
    );
  }
  if (typeof Handler !== "function" || typeof Handler.prototype?.finish !== "function") {
    const name = typeof Handler === "function" ? Handler.name : show(Handler);
    throw new TypeError(
      `new Application(routes): the handler of ${String(given)} must extend RequestHandler, not ${name}`,
    );
  }
  if (initialize !== undefined && (typeof initialize !== "object" || initialize === null)) {
    throw new TypeError(`new Application(routes): initialize's argument for ${String(given)} must be an object`);
  }
  const pattern = anchored(given);
  const groups = new RegExp(`${pattern.source}|`, pattern.flags).exec("")!;
  const names = Object.keys(groups.groups ?? {}).length;
  if (names > 0 && names !== groups.length - 1) {
    throw new TypeError(`new Application(routes): give all groups of ${String(given)} a name, or none`);
  }
  return { pattern, Handler: Handler as HandlerClass, initialize, routed: routedTo(Handler as HandlerClass) };
}

/** Sticky, so that it matches at the first character: `^` would bind only to the first of several alternatives. */
function anchored(given: string | RegExp): RegExp {
  if (typeof given !== "string") return new RegExp(given.source, `${given.flags.replaceAll(/[gy]/g, "")}y`);
  // Python writes the name of a group with a P.
  const source = given.replaceAll(/(?<!\\)\(\?P</g, "(?<");
  return new RegExp(source.endsWith("$") ? source : `${source}$`, "y");
}

function decoded(value: string | undefined, name: string): string | undefined {
  if (value === undefined || !value.includes("%")) return value;
  try {
    // A "%" that encodes nothing stands for itself, as in Python.
    return decodeURIComponent(value.replaceAll(/%(?![\dA-Fa-f]{2})/g, "%25"));
  } catch {
    throw new HTTPError(400, `Invalid unicode in ${name}`);
  }
}

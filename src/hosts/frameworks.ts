// The frameworks that are known, so that requests are named after their routes with nothing but `initTracing()`.

import type { IncomingMessage, Server } from "node:http";
import { warn } from "../diagnostics.ts";
import type { HttpTracing } from "../http/http-tracing.ts";
import { type Undo, undoAll } from "../patch.ts";
import { EXPRESS } from "./express/app.ts";
import { FASTIFY } from "./fastify/instance.ts";
import { H3 } from "./h3/channel.ts";
import { RESTIFY } from "./restify.ts";

/** How a framework is recognised, and its routes learned. What these throw is counted, and goes no further. */
export interface Framework {
  /**
   * Subscribes to the framework's channels: when the first server is traced, until the last is traced no more. `tracings` are
   * those that trace at any time, not only now.
   */
  start?(tracings: readonly HttpTracing[]): Undo;
  /** Shown each listener for requests of a traced server, when that gets its first request. */
  listener?(listener: object): void;
  /** Shown a request that has ended, before it is recorded, where no `setRoute` told its route. */
  ended?(request: IncomingMessage): void;
}

const FRAMEWORKS: readonly Framework[] = [EXPRESS, FASTIFY, H3, RESTIFY];

/** Those that trace servers now. */
const tracings: HttpTracing[] = [];
let stop: Undo = nothing;

/** Subscribes to all, once however often it is called. */
export function startFrameworks(tracing: HttpTracing): Undo {
  if (tracings.push(tracing) === 1) {
    stop = undoAll(FRAMEWORKS.map((framework) => framework.start?.(tracings) ?? nothing));
  }
  let isOn = true;
  return function undo() {
    if (!isOn) return;
    isOn = false;
    tracings.splice(tracings.indexOf(tracing), 1);
    if (tracings.length === 0) stop();
  };
}

/** To be called when a server gets its first traced request. */
export function serverSeen(server: Server): void {
  // A request that a test library made up has no server.
  for (const listener of server.listeners?.("request") ?? []) {
    for (const framework of FRAMEWORKS) look((seen) => framework.listener?.(seen), listener);
  }
}

/** To be called when a request has ended whose route nobody has told. */
export function requestEnded(request: IncomingMessage): void {
  for (let i = 0; i < ENDED.length; i++) look(ENDED[i]!, request);
}

const ENDED = FRAMEWORKS.flatMap(({ ended }) => (ended === undefined ? [] : [ended]));

/**
 * Looks into a framework. What it is like inside is not ours to know: a wrong guess is counted, costs the route's name, and no
 * more.
 */
export function look<S, T>(see: (seen: S) => T, seen: S): T | undefined {
  try {
    return see(seen);
  } catch (error) {
    warn(
      "framework.unknown",
      "a framework is not built as was expected; its requests are named by their methods",
      error,
    );
    return undefined;
  }
}

function nothing(): void {}

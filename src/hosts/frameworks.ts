// The frameworks that are known, so that requests are named after their routes with nothing but `initTracing()`.

import type { IncomingMessage, Server } from "node:http";
import { warn } from "../diagnostics.ts";
import { type Undo, undoAll } from "../patch.ts";

/** How a framework is recognised, and its routes learned. What these throw is counted, and goes no further. */
export interface Framework {
  /** Subscribes to the framework's channels: when the first server is traced, until the last is traced no more. */
  start?(): Undo;
  /** Shown each listener for requests of a traced server, when that gets its first request. */
  listener?(listener: object): void;
  /** Shown a request that has ended, before it is recorded, where no `setRoute` told its route. */
  ended?(request: IncomingMessage): void;
}

const FRAMEWORKS: readonly Framework[] = [];

let started = 0;
let stop: Undo = nothing;

/** Subscribes to all, once however often it is called. */
export function startFrameworks(): Undo {
  if (started++ === 0) stop = undoAll(FRAMEWORKS.map((framework) => framework.start?.() ?? nothing));
  let isOn = true;
  return function undo() {
    if (!isOn) return;
    isOn = false;
    if (--started === 0) stop();
  };
}

/** To be called when a server gets its first traced request. */
export function serverSeen(server: Server): void {
  for (const listener of server.listeners("request")) {
    for (const framework of FRAMEWORKS) look(() => framework.listener?.(listener));
  }
}

/** To be called when a request has ended whose route nobody has told. */
export function requestEnded(request: IncomingMessage): void {
  for (let i = 0; i < ENDED.length; i++) look(ENDED[i]!, request);
}

const ENDED = FRAMEWORKS.flatMap(({ ended }) => (ended === undefined ? [] : [ended]));

/** What a framework looks like inside is not ours to know: a wrong guess costs the route's name, and no more. */
function look<T>(see: (seen: T) => void, seen?: T): void {
  try {
    see(seen as T);
  } catch (error) {
    warn(
      "framework.unknown",
      "a framework is not built as was expected; its requests are named by their methods",
      error,
    );
  }
}

function nothing(): void {}

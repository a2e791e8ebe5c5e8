// Tells whose the calls are that gRPC has kept until there is a connection: it sends them in the context of who opened that.

import type { ClientHttp2Session } from "node:http2";
import type { Span } from "opentracing";
import { listen } from "../listen.ts";

/** The span that was active where a session was opened, while gRPC sends what has waited for it. */
const OPENER: unique symbol = Symbol("node-opentracing.opener");

type Session = ClientHttp2Session & { [OPENER]?: Span | undefined };
type Emitter = { on(event: string | symbol, listener: (...args: never[]) => void): unknown };

/** By span: the origins to which it has sent the first call that waited. */
const served = new WeakMap<Span, Set<string>>();

/** Has to see each session where it is opened. grpc-js sends what has waited in the turn of the event loop in which the server's settings come. */
export function noteOpener(session: Session, opener: Span | undefined): void {
  if (opener === undefined) return;
  let kept: Span | undefined = opener;
  listen(session as object as Emitter, "remoteSettings", () => {
    if (kept === undefined) return; // a server may change its settings later
    session[OPENER] = kept;
    kept = undefined;
    setImmediate(() => {
      session[OPENER] = undefined;
    }).unref();
  });
}

/**
 * The parent of a request for which `active` is active: none rather than a stranger. Of the calls that have waited the first is that of who opened the
 * session, unless it had one there before: a session in place of a lost one is opened in the context of that.
 */
export function parentOf(
  session: Session,
  origin: string,
  headers: unknown,
  active: Span | undefined,
): Span | undefined {
  if (active === undefined || session[OPENER] !== active || !isGrpc(headers)) return active;
  const origins = served.get(active) ?? new Set();
  if (origins.has(origin)) return undefined;
  served.set(active, origins.add(origin));
  return active;
}

function isGrpc(headers: unknown): boolean {
  const userAgent = (headers as Record<string, unknown> | null | undefined)?.["user-agent"];
  return typeof userAgent === "string" && userAgent.includes("grpc-node-js/");
}

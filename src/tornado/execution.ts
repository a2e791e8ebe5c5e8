// Serves one request with one handler: prepare, body, method, finish; and what becomes of errors on the way.

import { isThenable } from "../guard.ts";
import { hasBody, receiveBody, streamBody, streamsRequestBody } from "./body.ts";
import { answeredWith } from "./error-status.ts";
import { Finish } from "./finish.ts";
import { HTTPError } from "./http-error.ts";
import type { RequestHandler } from "./request-handler.ts";
import { argumentsOf, passedBy, type Target } from "./routes.ts";

/**
 * Resolves when the handler is done. Never rejects: what is thrown is recorded, logged by the handler, and becomes the error
 * page, unless the response is finished.
 *
 * @param limit bytes that a body may have
 */
export async function execute(handler: RequestHandler, target: Target, limit: number): Promise<void> {
  try {
    handler.watchConnection();
    handler.clear();
    const initialized: unknown = handler.initialize(target.initialize ?? {});
    if (isThenable(initialized)) await initialized;
    await run(handler, target, limit);
  } catch (error) {
    await handle(handler, error);
  }
}

/** Records what a handler threw on the request's span, and lets the handler log it. Never throws. */
export function caught(handler: RequestHandler, error: unknown): void {
  handler.request.traced?.failed(error);
  log(handler, error);
}

/** Lets the handler log what it threw. Never throws. */
export function log(handler: RequestHandler, error: unknown): void {
  try {
    const logged: unknown = handler.logException(error);
    if (isThenable(logged)) logged.then(undefined, logFailed);
  } catch (failure) {
    logFailed(failure);
  }
}

function logFailed(failure: unknown): void {
  console.error("Exception in logException\n", failure);
}

async function run(handler: RequestHandler, target: Target, limit: number): Promise<void> {
  const { method, req } = handler.request;
  if (!(handler.constructor as typeof RequestHandler).SUPPORTED_METHODS.includes(method)) throw new HTTPError(405);
  const streams = streamsRequestBody(handler);
  if (!streams && hasBody(req) && !(await receiveBody(handler, limit))) return;
  Object.assign(handler, argumentsOf(target));

  await handler.prepare();
  await handler.errorPage;
  if (handler.isFinished) return;
  if (streams && hasBody(req) && !(await streamBody(handler, limit))) return;
  const serve: unknown = (handler as unknown as Record<string, unknown>)[method.toLowerCase()];
  if (typeof serve !== "function") throw new HTTPError(405);
  await Reflect.apply(serve, handler, passedBy(handler));

  await handler.errorPage;
  if (!handler.isFinished) void handler.finish();
}

async function handle(handler: RequestHandler, error: unknown): Promise<void> {
  try {
    const isFinish = error instanceof Finish;
    if (!isFinish) caught(handler, error);
    await handler.errorPage;
    if (handler.isFinished) return;
    if (isFinish) return void handler.finish(error.chunk);
    const statusCode = answeredWith(error);
    // The rest of such a body is not read.
    if (statusCode === 413 && !handler.request.res.headersSent) handler.request.res.shouldKeepAlive = false;
    await handler.sendError(statusCode, { error });
  } catch (failure) {
    console.error("Exception in exception handler\n", failure);
    handler.request.res.destroy();
  }
}

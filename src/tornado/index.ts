// node-opentracing/tornado: names only.

export type { Undo } from "../patch.ts";
export { AsyncScopeManager as TornadoScopeManager } from "../scope/async-scope-manager.ts";
export { Application, type ApplicationSettings, type HandlerClass } from "./application.ts";
export type { OpenTracingSettings } from "./application-tracing.ts";
export type { Arguments, HTTPFile } from "./arguments.ts";
export { AsyncHTTPClient, type AsyncHTTPClientOptions, type FetchOptions } from "./async-http-client.ts";
export { streamRequestBody } from "./body.ts";
export type { CookieOptions } from "./cookies.ts";
export { Finish } from "./finish.ts";
export { HTTPError, type HTTPErrorOptions, HTTPStreamClosedError, HTTPTimeoutError } from "./http-error.ts";
export { HTTPHeaders } from "./http-headers.ts";
export { HTTPRequest, type HTTPRequestOptions } from "./http-request.ts";
export { HTTPResponse, type HTTPResponseOptions } from "./http-response.ts";
export { HTTPServerRequest } from "./http-server-request.ts";
export { initClientTracing } from "./init-client-tracing.ts";
export { initTracing } from "./init-tracing.ts";
export { MissingArgumentError } from "./missing-argument-error.ts";
export type { RequestDefaults } from "./request-defaults.ts";
export { RequestHandler, type WriteErrorOptions } from "./request-handler.ts";
export type { Route } from "./routes.ts";
export { StreamClosedError } from "./stream-closed-error.ts";
export { TornadoTracing } from "./tornado-tracing.ts";

// What every server host must do: a suite for any test runner, run against a real application of that host.

import type { Server } from "node:http";
import type { Tracer as OpenTracingTracer, Span } from "opentracing";
import type { HttpOptions } from "../http/http-tracing.ts";
import { type ContractCase, type ContractSkip, withSkips } from "./contract-case.ts";
import { decoratedHandlerCases } from "./server-contract-decorated.ts";
import { responseEndCases } from "./server-contract-ends.ts";
import { tracedRequestCases } from "./server-contract-requests.ts";

/** A host to be tested. */
export interface ContractHost {
  /** How it is called in test names: `express 5`. */
  readonly name: string;
  /** The `component` tag of its spans. */
  readonly component: string;
  /** The `component` tag at the start, where a server starts the span and the framework is known later. `component` by default. */
  readonly startComponent?: string;
  /** Whether `start` serves https. False by default. */
  readonly secure?: boolean;
  /** By which protocol to ask the application. HTTP/1.1 by default. */
  readonly protocol?: "http/1.1" | "h2";
  /** The operation name that it gives a request. The method by default. */
  readonly operationName?: (method: string, route: ContractRoute) => string;
  /** Whether it sets the tags `http.scheme` and `http.host`. True by default. */
  readonly tagsHost?: boolean;
  /** Starts an application on 127.0.0.1 that serves every `ContractRoute`. */
  start(setup: ContractSetup): Promise<ContractApp>;
  /** The cases that this host cannot pass, by name, and why. */
  readonly skip?: readonly ContractSkip[];
}

/**
 * What the application must serve, written as its framework's users would. Each handler first calls
 * `setup.probe(request, response)`; all but `/throw` await it.
 *
 * - `GET /ok` (and HEAD): 200, body `ok`
 * - `GET /items/:id`: 200, the id as body
 * - `POST /upload`: reads the whole body, then 200 with its length as body
 * - `GET /status/:code`: that status with an empty body
 * - `GET /throw`: throws `contractError()` before it returns; the client gets a 500
 * - `GET /reject`: rejects with `contractError()` after an await; the client gets a 500
 * - `GET /refuse`: fails with `contractError(404)`; the client gets a 404
 * - `GET /stream`: 200, the body in three writes, an await between them: `one two three`
 * - `GET /cut`: 200 and the first write of a body, `one`; once that has left, destroys the response
 * - `GET /hold`: 200 and the first write of a body, `one`, and then nothing more
 * - `GET /break`: 200 and the first write of a body, `one`; once that has left, calls `setup.probe`
 *   once more and fails with `contractError()`
 * - `GET /never`, `POST /never`: no answer, and the body is read
 */
export type ContractRoute =
  | "/ok"
  | "/items/:id"
  | "/upload"
  | "/status/:code"
  | "/throw"
  | "/reject"
  | "/refuse"
  | "/stream"
  | "/cut"
  | "/hold"
  | "/break"
  | "/never";

/** How the application is to be traced. */
export interface ContractSetup {
  readonly tracer: OpenTracingTracer;
  /** For `new Tracing(tracer, options)`. */
  readonly options: HttpOptions;
  /** Where given, every handler is wrapped with `tracing.trace(...decorate)`. */
  readonly decorate: readonly string[] | undefined;
  /** To be called first in each handler. */
  readonly probe: (request: object, response: object) => unknown;
}

/** A running application. */
export interface ContractApp {
  readonly server: Server;
  readonly port: number;
  /** The Tracing object, which the application's handlers could use. */
  readonly tracing: {
    activeSpan(): Span | undefined;
    getSpan(request: object): Span | undefined;
    startActiveSpan<T>(name: string, fn: (span: Span) => T): T;
  };
  /** Closes all connections at once. The server's own `closeAllConnections` by default. */
  closeAllConnections?(): void;
  /** Stops tracing and closes the server and all its connections. */
  close(): Promise<void>;
}

/** The error that the routes fail with. With a status it says so in `status` and `statusCode`. */
export function contractError(status?: number): Error {
  const error = new Error("the contract's error");
  return status === undefined ? error : Object.assign(error, { status, statusCode: status });
}

/**
 * All cases, for the host's test file to run: `for (const { name, run, skip = false } of serverContract(host)) test(name, { skip }, run)`.
 * One that the host skips is still listed, with the reason.
 *
 * @throws Error where `skip` names no case
 */
export function serverContract(host: ContractHost): ContractCase[] {
  const cases = [...tracedRequestCases(host), ...responseEndCases(host), ...decoratedHandlerCases(host)];
  return withSkips(cases, host.skip).map((one) => ({ ...one, name: `${host.name}: ${one.name}` }));
}

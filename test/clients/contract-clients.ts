// The clients that run the contract, each as an application uses it.

import http, { type IncomingMessage } from "node:http";
import http2 from "node:http2";
import https from "node:https";
import type { ContractClient, ContractRequest, ContractResponse } from "node-opentracing/testing";
import * as undici from "undici";
import { finishPendingSpans } from "#src/clients/exchange.js";
import { traceFetch } from "#src/clients/fetch.js";
import { traceHttp2Client } from "#src/clients/http2.js";
import { traceNodeHttpClient } from "#src/clients/node-http.js";
import type { HttpTracing } from "#src/http/http-tracing.js";
import { certificate } from "./certificate.js";

/** The open sessions of one case, one an origin: the next may have another server at the same port. */
const sessions = new Map<string, http2.ClientHttp2Session>();

/** As `initClientTracing` has it: everything is traced, whichever client is used. */
function traceAll(tracing: HttpTracing): () => void {
  const undos = [traceNodeHttpClient(tracing), traceHttp2Client(tracing), traceFetch(tracing)];
  return () => {
    for (const undo of undos) undo();
    for (const session of sessions.values()) session.destroy();
    sessions.clear();
  };
}

const common = { trace: traceAll, finishPending: finishPendingSpans };
const nodeHttp = { ...common, component: "node:http", followsRedirects: false };
const insecureHttp2 = new undici.Agent({ connect: { rejectUnauthorized: false }, allowH2: true });
const insecure = new undici.Agent({ connect: { rejectUnauthorized: false } });

export const CLIENTS: readonly ContractClient[] = [
  {
    ...nodeHttp,
    name: "http.request",
    request: (url, options) =>
      respond(options, (callback) => http.request(url, { ...plain(options) }, callback).end(options.body)),
  },
  {
    ...nodeHttp,
    name: "http.get",
    request: (url, options) =>
      respond(options, (callback) => {
        const { hostname, port, pathname, search } = new URL(url);
        const given = { ...plain(options), hostname, port, path: pathname + search };
        return options.body === undefined ? http.get(given, callback) : http.request(given, callback).end(options.body);
      }),
  },
  {
    ...nodeHttp,
    name: "https.request",
    tls: certificate,
    request: (url, options) =>
      respond(options, (callback) =>
        https.request(new URL(url), { ...plain(options), rejectUnauthorized: false }, callback).end(options.body),
      ),
  },
  {
    ...common,
    name: "fetch",
    component: "fetch",
    followsRedirects: true,
    request: async (url, options) => fetch(url, { ...plain(options), body: options.body ?? null }),
  },
  {
    ...common,
    name: "undici.fetch",
    component: "undici",
    followsRedirects: true,
    request: async (url, options) => undici.fetch(url, { ...plain(options), body: options.body ?? null }),
  },
  {
    ...common,
    name: "undici.request",
    component: "undici",
    followsRedirects: false,
    tls: certificate,
    request: async (url, options) => {
      const { statusCode, body } = await undici.request(url, {
        ...plain(options),
        method: options.method as undici.Dispatcher.HttpMethod,
        body: options.body ?? null,
        dispatcher: insecure,
      });
      return { status: statusCode, text: () => body.text() };
    },
  },
  { ...nodeHttp, name: "http2.connect", component: "node:http2", protocol: "h2", request: requestHttp2 },
  {
    ...nodeHttp,
    name: "http2.connect over TLS",
    component: "node:http2",
    protocol: "h2",
    tls: certificate,
    request: requestHttp2,
  },
  {
    ...common,
    name: "undici.request over HTTP/2",
    component: "undici",
    followsRedirects: false,
    protocol: "h2",
    tls: certificate,
    request: async (url, options) => {
      const { statusCode, body } = await undici.request(url, {
        ...plain(options),
        method: options.method as undici.Dispatcher.HttpMethod,
        body: options.body ?? null,
        dispatcher: insecureHttp2,
      });
      return { status: statusCode, text: () => body.text() };
    },
  },
];

function requestHttp2(url: string, { method, headers, body, signal }: ContractRequest): Promise<ContractResponse> {
  const { origin, pathname, search } = new URL(url);
  let session = sessions.get(origin);
  if (session === undefined || session.closed) {
    session = http2.connect(origin, { rejectUnauthorized: false });
    session.on("error", () => {}).unref();
    sessions.set(origin, session);
  }
  const given = { ":method": method, ":path": pathname + search, ...headers };
  const stream = session.request(Object.freeze(given), { endStream: body === undefined, ...(signal && { signal }) });
  if (body !== undefined) stream.end(body);
  return new Promise((resolve, reject) => {
    stream.on("error", reject).on("close", () => reject(new Error("no response")));
    stream.on("response", (answer) => {
      resolve({
        status: answer[":status"]!,
        text: async () => {
          let text = "";
          for await (const chunk of stream) text += chunk;
          // Node's iterator ends as if nothing were wrong where the connection has closed.
          if (!stream.readableEnded) throw new Error("the response was cut");
          return text;
        },
      });
    });
  });
}

/** Without what is undefined, and with the caller's own headers object. */
function plain({ method, headers, signal }: ContractRequest) {
  return { method, headers, ...(signal !== undefined && { signal }) };
}

function respond(
  options: ContractRequest,
  send: (callback: (response: IncomingMessage) => void) => http.ClientRequest,
): Promise<ContractResponse> {
  return new Promise((resolve, reject) => {
    const request = send((response) => {
      resolve({
        status: response.statusCode!,
        text: async () => {
          let text = "";
          for await (const chunk of response) text += chunk;
          return text;
        },
      });
    });
    request.on("error", reject);
    if (options.body === undefined && !request.writableEnded) request.end();
  });
}

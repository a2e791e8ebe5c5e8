// The six clients that run the contract, each as an application uses it.

import http, { type IncomingMessage } from "node:http";
import https from "node:https";
import type { ContractClient, ContractRequest, ContractResponse } from "node-opentracing/testing";
import * as undici from "undici";
import { finishPendingSpans } from "#src/clients/exchange.js";
import { traceFetch } from "#src/clients/fetch.js";
import { traceNodeHttpClient } from "#src/clients/node-http.js";
import type { HttpTracing } from "#src/http/http-tracing.js";
import { certificate } from "./certificate.js";

/** As `initClientTracing` has it: everything is traced, whichever client is used. */
function traceAll(tracing: HttpTracing): () => void {
  const undos = [traceNodeHttpClient(tracing), traceFetch(tracing)];
  return () => {
    for (const undo of undos) undo();
  };
}

const common = { trace: traceAll, finishPending: finishPendingSpans };
const nodeHttp = { ...common, component: "node:http", followsRedirects: false };
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
];

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

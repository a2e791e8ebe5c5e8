// AsyncHTTPClient keeps the contract of clients, alone and with node:http and fetch traced beside it.

import { test } from "node:test";
import { type ContractClient, clientContract } from "node-opentracing/testing";
import { finishPendingSpans } from "#src/clients/exchange.js";
import { traceFetch } from "#src/clients/fetch.js";
import { traceNodeHttpClient } from "#src/clients/node-http.js";
import { AsyncHTTPClient } from "#src/tornado/async-http-client.js";
import { traceTornadoClient } from "#src/tornado/client-tracing.js";
import { certificate } from "../clients/certificate.js";

const http: ContractClient = {
  name: "AsyncHTTPClient",
  component: "tornado",
  followsRedirects: true,
  trace: traceTornadoClient,
  finishPending: finishPendingSpans,
  // The contract wants its answer with the headers: AsyncHTTPClient tells of them by a callback, and answers with the body.
  request: (url, options) =>
    new Promise((resolve, reject) => {
      const fetched = new AsyncHTTPClient().fetch(url, {
        ...options,
        raiseError: false,
        validateCert: false,
        headerCallback(line) {
          if (line.startsWith("HTTP/")) resolve({ status: Number(line.split(" ")[1]), text });
        },
      });
      const text = async () => String((await fetched).body);
      fetched.catch(reject);
    }),
  skip: [
    {
      test: "a response that nobody reads ends with its headers, and is counted",
      reason: "AsyncHTTPClient reads every response",
    },
  ],
};

const https: ContractClient = { ...http, name: "AsyncHTTPClient with https", tls: certificate };

const besideOthers: ContractClient = {
  ...http,
  name: "AsyncHTTPClient with everything traced",
  trace(tracing) {
    const undos = [traceNodeHttpClient(tracing), traceFetch(tracing), traceTornadoClient(tracing)];
    return () => {
      for (const undo of undos) undo();
    };
  },
};

for (const client of [http, https, besideOthers]) {
  for (const { name, skip, run } of clientContract(client)) {
    test(`${client.name}: ${name}`, { skip: skip ?? false }, run);
  }
}

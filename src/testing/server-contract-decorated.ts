// The server contract's third part: decorated handlers.

import assert from "node:assert/strict";
import type { Span } from "opentracing";
import type { ContractCase } from "./contract-case.ts";
import { onStage } from "./contract-stage.ts";
import { RawClient, request } from "./raw-client.ts";
import type { ContractHost } from "./server-contract.ts";
import { spanTree } from "./span-tree.ts";

export function decoratedHandlerCases(host: ContractHost): ContractCase[] {
  const alone = {
    decorate: ["method", "headers.user-agent"],
    options: { traceAll: false, startSpanCb: (span: Span) => void span.setTag("callback", "called") },
  };
  const tags = ["method", "headers.user-agent", "callback"];
  return [
    onStage(host, "decorated handler 1: same tags, same callback, attributes of its own", alone, async (stage) => {
      const seen: boolean[] = [];
      stage.probe(async (incoming) => {
        const span = stage.app.tracing.getSpan(incoming);
        await new Promise((resolve) => setImmediate(resolve));
        seen.push(span !== undefined && stage.app.tracing.activeSpan() === span);
      });
      assert.match(await request(stage.app.port, stage.secure, "GET /ok\nuser-agent: contract"), /200/);
      await stage.reporter.waitFor(1);
      assert.deepEqual(seen, [true]);
      assert.equal(
        // A framework's own request may have it in lower case, as hapi's has.
        spanTree(stage.reporter.spans, { tags: ["http.url", ...tags] }).replace("method=get", "method=GET"),
        `\n${stage.name("GET", "/ok")}  server 200 http.url=/ok method=GET headers.user-agent=contract callback=called`,
      );
    }),
    onStage(host, "decorated handler 2: an error that is thrown is recorded and thrown on", alone, async (stage) => {
      assert.match(await request(stage.app.port, stage.secure, "GET /throw"), /^HTTP\/1.1 500/);
      await stage.reporter.waitFor(1);
      assert.equal(
        spanTree(stage.reporter.spans, { logs: true }),
        `\n${stage.name("GET", "/throw")}  server 500 error=Error\n  - error error.object=Error: the contract's error`,
      );
    }),
    onStage(host, "decorated handler 2: a rejection is recorded and passed on", alone, async (stage) => {
      assert.match(await request(stage.app.port, stage.secure, "GET /reject"), /^HTTP\/1.1 500/);
      await stage.reporter.waitFor(1);
      assert.equal(
        spanTree(stage.reporter.spans, { logs: true }),
        `\n${stage.name("GET", "/reject")}  server 500 error=Error\n  - error error.object=Error: the contract's error`,
      );
    }),
    onStage(host, "decorated handler 2: an error with a status below 500 is no error", alone, async (stage) => {
      assert.match(await request(stage.app.port, stage.secure, "GET /refuse"), /^HTTP\/1.1 404/);
      await stage.reporter.waitFor(1);
      assert.equal(spanTree(stage.reporter.spans, { logs: true }), `\n${stage.name("GET", "/refuse")}  server 404`);
    }),
    onStage(host, "decorated handler 2: the client leaves, and the span ends there and then", alone, async (stage) => {
      const client = await RawClient.connect(stage.app.port, stage.secure);
      await client.send("GET /hold HTTP/1.1\r\nhost: a\r\n\r\n").until("one");
      client.leave();
      await stage.reporter.waitFor(1);
      assert.equal(
        spanTree(stage.reporter.spans),
        `\n${stage.name("GET", "/hold")}  server 200 error=client_disconnect`,
      );
    }),
    onStage(
      host,
      "decorated handler 3: with traceAll on as well a request gets one span",
      { decorate: ["headers.user-agent"] },
      async (stage) => {
        await request(stage.app.port, stage.secure, "GET /ok\nuser-agent: contract");
        await request(stage.app.port, stage.secure, "GET /reject");
        await stage.reporter.waitFor(2);
        assert.equal(
          spanTree(stage.reporter.spans, { logs: true, tags: ["headers.user-agent"] }),
          `\n${stage.name("GET", "/ok")}  server 200 headers.user-agent=contract` +
            `\n${stage.name("GET", "/reject")}  server 500 error=Error\n  - error error.object=Error: the contract's error`,
        );
      },
    ),
  ];
}

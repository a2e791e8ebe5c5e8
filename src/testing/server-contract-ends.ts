// The server contract's second part: each way for a response to end is recorded as what it was.

import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import type { ContractCase } from "./contract-case.ts";
import type { ContractConnection } from "./contract-connection.ts";
import { onStage, type Stage } from "./contract-stage.ts";
import { RawClient } from "./raw-client.ts";
import type { ContractHost, ContractRoute } from "./server-contract.ts";
import { spanTree } from "./span-tree.ts";

type Request = Parameters<ContractConnection["send"]>;

const GET = (path: string): Request => ["GET", path];
const UPLOAD = (path: string): Request => ["POST", path, { "content-length": "9" }, "half"];

export function responseEndCases(host: ContractHost): ContractCase[] {
  /** A case in which a request to `route` has been begun when `act` is called, and ends as `expected` says. So does its name. */
  function ends(
    name: string,
    sent: Request,
    route: ContractRoute,
    expected: string,
    act: (client: ContractConnection, stage: Stage) => unknown,
  ): ContractCase {
    return onStage(host, `${name}: ${expected}`, {}, async (stage) => {
      const begun = new Promise<void>((resolve) => stage.probe(() => resolve()));
      const client = await stage.connect();
      client.send(...sent);
      await begun;
      if (route === "/hold" || route === "/cut") await client.until("one");
      await act(client, stage);
      await stage.reporter.waitFor(1);
      client.leave();
      assert.equal(spanTree(stage.reporter.spans), `\n${stage.name(sent[0], route)}  server ${expected}`);
    });
  }
  const leave = (client: ContractConnection): void => client.leave();
  const reset = (client: ContractConnection): void => client.reset();

  return [
    ends("end: a streamed response is whole", GET("/stream"), "/stream", "200", (client) => client.until("three")),
    ends("end: an upload is read to its end", UPLOAD("/upload"), "/upload", "200", (client) =>
      client.more("whole").until(" 200"),
    ),
    ends("end: a HEAD request", ["HEAD", "/ok"], "/ok", "200", (client) => client.until("\r\n\r\n")),
    onStage(host, "end: an HTTP/1.0 request: 200", {}, async (stage) => {
      const client = await RawClient.connect(stage.app.port, stage.secure);
      await client.send("GET /ok HTTP/1.0\r\n\r\n").end();
      await stage.reporter.waitFor(1);
      assert.equal(spanTree(stage.reporter.spans), `\n${stage.name("GET", "/ok")}  server 200`);
    }),
    ends("end: the client leaves before the headers", GET("/never"), "/never", "error=client_disconnect", leave),
    ends("end: the client leaves after the headers", GET("/hold"), "/hold", "200 error=client_disconnect", leave),
    ends("end: the client leaves while uploading", UPLOAD("/never"), "/never", "error=request_aborted", leave),
    ends("end: the client resets before the headers", GET("/never"), "/never", "error=connection_reset", reset),
    ends("end: the client resets after the headers", GET("/hold"), "/hold", "200 error=connection_reset", reset),
    ends("end: the client resets while uploading", UPLOAD("/never"), "/never", "error=connection_reset", reset),
    ends("end: the handler destroys the response half-way", GET("/cut"), "/cut", "200 error=response_cut", (client) =>
      client.end(),
    ),
    // What becomes of the connection then is the framework's affair.
    onStage(host, "end: the handler fails after the headers: 200 error=Error", {}, async (stage) => {
      let probed = 0;
      const failing = new Promise<void>((resolve) =>
        stage.probe(() => {
          if (++probed === 2) resolve();
        }),
      );
      const client = await stage.connect();
      await client.send("GET", "/break").until("one");
      await failing;
      for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
      client.leave();
      await stage.reporter.waitFor(1);
      const tree = spanTree(stage.reporter.spans, { logs: true });
      assert.match(tree, /server 200 error=Error\n {2}- error error\.object=Error: the contract's error/);
      assert.equal(tree.split("\n")[1]!.split("  ")[0], stage.name("GET", "/break"));
    }),
    onStage(host, "end: an upgrade that is refused: 403", {}, async (stage) => {
      stage.app.server.on("upgrade", (_request, socket) => socket.end("HTTP/1.1 403 Forbidden\r\n\r\n"));
      const client = await stage.connect();
      await client.send("GET", "/ok", { connection: "upgrade", upgrade: "other" }).end();
      await stage.reporter.waitFor(1);
      assert.equal(spanTree(stage.reporter.spans, { tags: ["http.upgrade"] }), "\nGET  server 403 http.upgrade=other");
    }),
    ends("end: server.closeAllConnections()", GET("/hold"), "/hold", "200 error=server_closed", (client, stage) => {
      if (stage.app.closeAllConnections === undefined) stage.app.server.closeAllConnections();
      else stage.app.closeAllConnections();
      return client.end();
    }),
    onStage(host, "end: server.setTimeout() before the headers: error=timeout", {}, async (stage) => {
      const { server } = stage.app;
      server.setTimeout(60_000);
      // What the server sets on each connection, but from when the request is here: connecting must not use it up.
      server.once("request", (request: IncomingMessage) => request.socket.setTimeout(40));
      const client = await stage.connect();
      await client.send("GET", "/never").end();
      await stage.reporter.waitFor(1);
      assert.equal(spanTree(stage.reporter.spans), `\n${stage.name("GET", "/never")}  server error=timeout`);
    }),
    onStage(host, "end: keepAliveTimeout closes an idle connection and touches no span: 200", {}, async (stage) => {
      stage.app.server.keepAliveTimeout = 20;
      const client = await stage.connect();
      await client.send("GET", "/ok").end();
      assert.equal(spanTree(stage.reporter.spans), `\n${stage.name("GET", "/ok")}  server 200`);
    }),
    onStage(host, "end: pipelined requests are one span each, and are answered in order: 200", {}, async (stage) => {
      const client = await stage.connect();
      for (const id of ["first", "second", "third"]) client.send("GET", `/items/${id}`);
      const answer = await client.until("third");
      client.leave();
      assert.match(answer, /first.*second.*third/s);
      await stage.reporter.waitFor(3);
      assert.equal(
        spanTree(stage.reporter.spans, { tags: ["http.url"] }),
        ["first", "second", "third"]
          .map((id) => `\n${stage.name("GET", "/items/:id")}  server 200 http.url=/items/${id}`)
          .join(""),
      );
    }),
    onStage(
      host,
      "end: pipelined requests that wait behind another end with the connection: error=client_disconnect",
      {},
      async (stage) => {
        let begun = 0;
        const all = new Promise<void>((resolve) =>
          stage.probe(() => {
            if (++begun === 3) resolve();
          }),
        );
        const client = await stage.connect();
        for (const path of ["/never", "/items/second", "/never?third"]) client.send("GET", path);
        await all;
        await new Promise((resolve) => setImmediate(resolve));
        client.leave();
        await stage.reporter.waitFor(3);
        const name = stage.name("GET", "/never");
        assert.equal(
          spanTree(stage.reporter.spans),
          `\n${name}  server error=client_disconnect\n${stage.name("GET", "/items/:id")}  server error=client_disconnect\n${name}  server error=client_disconnect`,
        );
      },
    ),
    onStage(host, "end: the answer is the same as without tracing", {}, async (stage) => {
      const traced = await stage.request("GET", "/stream");
      assert.match(traced, /one.*two.*three/s);
      assert.doesNotMatch(traced, /traceparent|tracestate|baggage/i);
    }),
  ];
}

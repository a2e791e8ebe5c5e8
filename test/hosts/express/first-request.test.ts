// The first request of a process is named, and its error seen, like every other: whatever was imported, made or called first. Only where
// a listener of the user's calls the application, it is the second.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import { VERSIONS, type Version } from "./versions.js";

const run = promisify(execFile);

interface Setting {
  /** Whether the application is made before `initTracing` is called. */
  readonly isEarly: boolean;
  /** Whether it is called by a listener of the user's, in place of being the listener. */
  readonly isWrapped: boolean;
  readonly module: "ES modules" | "require";
}

/** A program that serves one request to `path`, and prints the tree of its span; one before it where the application is wrapped. */
function program({ require: [from, name] }: Version, { isEarly, isWrapped, module }: Setting, path: string): string {
  const isEsm = module === "ES modules";
  const load = (what: string, names: string): string =>
    isEsm ? `import ${names} from "${what}";` : `const ${names} = require("${what}");`;
  const tracing = `
    const reporter = new MemoryReporter();
    const tracing = initTracing({ tracing: new Tracing(new Tracer({ reporter })) });`;
  const app = `
    const app = express();
    app.set("env", "test");
    const api = express.Router();
    api.get("/items/:id", () => { throw new Error("item"); });
    app.use("/orgs/:org", api);
    app.use("/broken", () => { throw new Error("middleware"); });`;
  return `
    ${load("node-opentracing", "{ MemoryReporter, Tracer, Tracing, initTracing }")}
    ${load("node-opentracing/testing", "{ RawClient, spanTree }")}
    ${load("node:http", "http")}
    ${load("node:module", "{ createRequire }")}
    const express = createRequire(process.cwd() + "/${from}")("${name}");
    ${isEarly ? app + tracing : tracing + app}
    const server = http.createServer(${isWrapped ? "(request, response) => app(request, response)" : "app"});
    server.listen(0, "127.0.0.1", async () => {
      for (let i = 0; i < ${isWrapped ? 2 : 1}; i++) {
        const client = await RawClient.connect(server.address().port);
        client.send("GET ${path} HTTP/1.1\\r\\nhost: a\\r\\nconnection: close\\r\\n\\r\\n");
        await reporter.waitFor(i + 1);
        client.leave();
      }
      console.log(spanTree(reporter.spans, { tags: ["component"], logs: true }));
      server.close();
    });`;
}

async function printed(version: Version, setting: Setting, path: string): Promise<string> {
  const type = setting.module === "ES modules" ? ["--input-type=module"] : [];
  const { stdout } = await run(process.execPath, [...type, "--no-warnings", "-e", program(version, setting, path)]);
  return stdout.trim();
}

for (const version of VERSIONS) {
  for (const isEarly of [true, false]) {
    for (const isWrapped of [false, true]) {
      const made = `made ${isEarly ? "before" : "after"} initTracing and ${isWrapped ? "called by a listener" : "the listener"}`;
      // Half of them by require: how the package came has no bearing on the rest.
      const module = isEarly === isWrapped ? "require" : "ES modules";
      const unseen = isWrapped ? "GET  server 500 error component=express\n" : "";
      test(`${version.name}: the ${isWrapped ? "second" : "first"} request of an application, ${made} (${module})`, async () => {
        const setting: Setting = { isEarly, isWrapped, module };
        const [route, middleware] = await Promise.all(
          ["/orgs/7/items/8", "/broken"].map((path) => printed(version, setting, path)),
        );
        assert.equal(
          route,
          `${unseen}GET /orgs/:org/items/:id  server 500 error=Error component=express\n  - error error.object=Error: item`,
        );
        assert.equal(
          middleware,
          `${unseen}GET  server 500 error=Error component=express\n  - error error.object=Error: middleware`,
        );
      });
    }
  }
}

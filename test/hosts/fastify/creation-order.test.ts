// Instances made before and after initTracing, in fresh processes, with import and with require.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";

/** What each process runs, behind its imports: asks for a route, for one whose hook replies early, for an error and for nothing. */
const SCRIPT = `
  const reporter = new MemoryReporter();
  const trace = () => initTracing({ tracer: new Tracer({ reporter }) });
  if (ORDER === "initTracing first") trace();
  const app = fastify();
  if (ORDER === "instance first") trace();
  app.addHook("onRequest", (request, reply, done) => {
    if (request.url.endsWith("early")) reply.code(401).send();
    else done();
  });
  app.register(async (part) => {
    part.get("/orders/:id", async () => "ok");
    part.get("/fails", async () => { throw new Error("it fails"); });
  }, { prefix: "/api" });
  app.listen({ port: 0, host: "127.0.0.1" }).then(async () => {
    for (const path of ["/api/orders/7", "/api/orders/early", "/api/fails", "/nowhere"]) {
      const client = await RawClient.connect(app.server.address().port);
      await client.send("GET " + path + " HTTP/1.1\\r\\nhost: a\\r\\nconnection: close\\r\\n\\r\\n").end();
    }
    await reporter.waitFor(4);
    await app.close();
    console.log(spanTree(reporter.spans, { tags: ["component"] }));
  });
`;
const NAMES = "{ initTracing, MemoryReporter, Tracer }";
const OLDER = 'createRequire(process.cwd() + "/test/older/package.json")("fastify")';
const IMPORTS: Readonly<Record<string, (release: string) => string>> = {
  import: (release) => `
    import { createRequire } from "node:module";
    ${release === "5" ? 'import fastify from "fastify";' : `const fastify = ${OLDER};`}
    import ${NAMES} from "node-opentracing";
    import { RawClient, spanTree } from "node-opentracing/testing";`,
  require: (release) => `
    const { createRequire } = require("node:module");
    const fastify = ${release === "5" ? 'require("fastify")' : OLDER};
    const ${NAMES} = require("node-opentracing");
    const { RawClient, spanTree } = require("node-opentracing/testing");`,
};

const KNOWN = `
GET /api/orders/:id  server 200 component=fastify
GET /api/orders/:id  server 401 component=fastify
GET /api/fails  server 500 error=Error component=fastify
GET  server 404 component=fastify`;
/** By Fastify 5's channel: the handler's route, and its error. */
const SEEN = `
GET /api/orders/:id  server 200 component=fastify
GET  server 401 component=node:http
GET /api/fails  server 500 error=Error component=fastify
GET  server 404 component=node:http`;
const UNKNOWN = `
GET  server 200 component=node:http
GET  server 401 component=node:http
GET  server 500 error component=node:http
GET  server 404 component=node:http`;

for (const [release, early] of [
  ["5", SEEN],
  ["4", UNKNOWN],
] as const) {
  for (const [way, imports] of Object.entries(IMPORTS)) {
    for (const [order, expected] of [
      ["initTracing first", KNOWN],
      ["instance first", early],
    ] as const) {
      test(`Fastify ${release}, ${way}: ${order}`, async () => {
        const code = `${imports(release)}\nconst ORDER = ${JSON.stringify(order)};${SCRIPT}`;
        const type = way === "import" ? "module" : "commonjs";
        const child = spawn(process.execPath, ["--no-warnings", `--input-type=${type}`, "-e", code], {
          stdio: ["ignore", "pipe", "inherit"],
        });
        const [output] = await Promise.all([child.stdout.setEncoding("utf8").toArray(), once(child, "close")]);
        assert.equal(output.join("").trimEnd(), expected);
      });
    }
  }
}

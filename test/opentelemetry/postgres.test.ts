// A real PostgreSQL by `pg`, traced by OpenTelemetry's instrumentation of it: its spans nest under ours.

import assert from "node:assert/strict";
import { test } from "node:test";
import { api, requirePeer } from "./api.js";
import { missing, startPostgres } from "./debian-servers.js";
import { registered } from "./scene.js";

// Before `pg` is loaded, and before the registration.
const { PgInstrumentation } = requirePeer("@opentelemetry/instrumentation-pg");
const instrumentation = new PgInstrumentation({ requireParentSpan: true });
const pg: typeof Pg = requirePeer("pg");

declare namespace Pg {
  class Client {
    constructor(options: object);
    connect(): Promise<void>;
    query(text: string, values?: unknown[]): Promise<{ rows: Record<string, unknown>[] }>;
    end(): Promise<void>;
  }
  class Pool extends Client {}
}

test("queries of pg are spans below ours, each below its own, failures with their status", {
  skip: missing("initdb", "postgres"),
}, async (t) => {
  const host = await startPostgres(t);
  t.after(() => instrumentation.disable());
  const { tracing, tree, reporter } = registered(t);
  const options = { host, user: "postgres", database: "postgres" };

  await tracing.startActiveSpan("one client", async () => {
    const client = new pg.Client(options);
    await client.connect();
    const { rows } = await client.query("SELECT $1::int AS n", [7]);
    assert.deepEqual(rows, [{ n: 7 }]);
    await assert.rejects(client.query("SELECT nonsense"));
    tracing.tracer.startSpan("after", { childOf: tracing.activeSpan()! }).finish();
    await client.end();
  });
  assert.equal(
    tree({ tags: ["db.system.name"] }),
    `
one client
  pg.connect  client db.system.name=postgresql
  pg.query:SELECT postgres  client db.system.name=postgresql
  pg.query:SELECT postgres  client error db.system.name=postgresql
  after`,
  );
  const failed = reporter.spans.find(({ status }) => status?.code === 2)!;
  assert.match(failed.status!.message, /nonsense/);
  assert.equal(failed.scope!.name, "@opentelemetry/instrumentation-pg");
  reporter.clear();

  const pool = new pg.Pool(options);
  await Promise.all(
    ["a", "b"].map((name) =>
      tracing.startActiveSpan(name, async () => {
        await new Promise(setImmediate);
        await pool.query(`SELECT '${name}'`);
        assert.equal(api.trace.getActiveSpan(), tracing.activeSpan());
      }),
    ),
  );
  await pool.end();
  for (const name of ["a", "b"]) {
    const parent = reporter.spans.find(({ operationName }) => operationName === name)!;
    const query = reporter.spans.find(({ tags }) => tags.includes(`SELECT '${name}'`))!;
    assert.equal(query.context.traceId0, parent.context.traceId0);
    assert.equal(query.parentSpanId1, parent.context.spanId1);
  }
});

// Active spans around thenables that are no plain promises: queries that start when they are awaited.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { MemoryReporter, Tracer, Tracing } from "node-opentracing";
import { spanTree } from "node-opentracing/testing";
import type { Span } from "opentracing";
import { diagnostics, resetDiagnostics } from "#src/diagnostics.js";

const reporter = new MemoryReporter();
const tracing = new Tracing(new Tracer({ reporter }));

beforeEach(() => {
  reporter.clear();
  resetDiagnostics();
});

function tree(): string {
  return spanTree(reporter.spans, { logs: true });
}

/** A query as builders make them: executes when `then` is called, each time anew. */
class LazyQuery {
  executions = 0;
  readonly activeAt: (Span | undefined)[] = [];
  readonly #answer: () => Promise<unknown>;

  constructor(answer: () => Promise<unknown>) {
    this.#answer = answer;
  }

  limit(): this {
    return this;
  }

  // biome-ignore lint/suspicious/noThenProperty: what query builders do
  then<A, B>(onValue?: ((value: unknown) => A) | null, onError?: ((error: unknown) => B) | null): Promise<A | B> {
    this.executions++;
    this.activeAt.push(tracing.activeSpan());
    return this.#answer().then(onValue as (value: unknown) => A, onError);
  }
}

test("a lazy thenable is returned as it is, not started by us, and its span ends when it has been awaited", async () => {
  const query = new LazyQuery(async () => "rows");
  let span: Span | undefined;
  await tracing.startActiveSpan("outer", async (outer) => {
    const returned = tracing.startActiveSpan("query", (active) => {
      span = active;
      return query;
    });
    assert.equal(returned, query);
    await null;
    assert.equal(query.executions, 0);
    assert.equal(reporter.spans.length, 0);
    assert.equal(await returned.limit(), "rows");
    assert.equal(tracing.activeSpan(), outer);
    assert.deepEqual(query.activeAt, [span], "what awaiting starts runs in the query's span");
    assert.equal(reporter.spans.length, 1);
    assert.equal(Object.hasOwn(query, "then"), false, "the object is what it was");
    const active = await query.then(() => tracing.activeSpan());
    assert.equal(active, outer);
  });
  assert.equal(query.executions, 2);
  assert.equal(tree(), "\nouter\n  query");
  assert.deepEqual(diagnostics(), {});
});

test("callbacks of a lazy thenable run in what is active for their owner, and its errors are recorded and passed on", async () => {
  const error = new Error("mine");
  const query = tracing.startActiveSpan("query", () => new LazyQuery(() => Promise.reject(error)));
  await tracing.startActiveSpan("owner", async (owner) => {
    const seen = await query.then(
      () => assert.fail("succeeded"),
      (thrown) => [thrown, tracing.activeSpan()],
    );
    assert.deepEqual(seen, [error, owner]);
  });
  assert.equal(tree(), "\nquery  error=Error\n  - error error.object=Error: mine\nowner");
  const bare = tracing.startActiveSpan("bare", () => new LazyQuery(() => Promise.reject(error)));
  await assert.rejects(bare.then(), (thrown) => thrown === error);
});

test("a thenable awaited twice at once finishes its span once", async () => {
  const query = tracing.startActiveSpan("query", () => new LazyQuery(async () => "rows"));
  assert.deepEqual(await Promise.all([query, query]), ["rows", "rows"]);
  assert.equal(tree(), "\nquery");
  assert.deepEqual(diagnostics(), {});
});

test("a lazy subclass of Promise is not started by us", async () => {
  let started = 0;
  class Lazy extends Promise<string> {
    static override get [Symbol.species](): PromiseConstructor {
      return Promise;
    }
    // biome-ignore lint/suspicious/noThenProperty: what lazy promises do
    override then: Promise<string>["then"] = (onValue, onError) => {
      started++;
      return Promise.resolve("rows").then(onValue, onError);
    };
  }
  const lazy = new Lazy(() => {});
  const returned = tracing.startActiveSpan("lazy", () => lazy);
  assert.equal(returned, lazy);
  await null;
  assert.equal(started, 0);
  assert.equal(await returned, "rows");
  assert.equal(started, 1);
  assert.equal(tree(), "\nlazy");
});

test("a thenable whose then throws, and one that is frozen, are as they would be without us", async () => {
  const thrower = {
    // biome-ignore lint/suspicious/noThenProperty: a thenable that fails
    then(_onValue: (value: unknown) => void): void {
      throw new Error("mine");
    },
  };
  await assert.rejects(async () => await tracing.startActiveSpan("thrower", () => thrower), /mine/);
  const frozen = Object.freeze(new LazyQuery(async () => "rows"));
  assert.equal(
    tracing.startActiveSpan("frozen", () => frozen),
    frozen,
  );
  assert.equal(tree(), "\nthrower  error=Error\n  - error error.object=Error: mine\nfrozen");
});

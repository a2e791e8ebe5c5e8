// @Trace() in the standard dialect; what it does with a method's answer is the same in both.

import assert from "node:assert/strict";
import { test } from "node:test";
import { initTracing, MemoryReporter, Tracer, Tracing } from "node-opentracing";
import { Trace } from "node-opentracing/nest";
import { spanTree } from "node-opentracing/testing";
import { initGlobalTracer, Tracer as NoopTracer } from "opentracing";
import { BehaviorSubject, concat, EMPTY, map, NEVER, Observable, of, range, Subject, take, throwError } from "rxjs";

function kit() {
  const reporter = new MemoryReporter();
  const tracing = new Tracing(new Tracer({ reporter }));
  /** The tree of what `fn` does in a span "job". */
  async function job(fn: () => unknown): Promise<string> {
    await tracing.startActiveSpan("job", fn);
    return spanTree(reporter.spans, { logs: true });
  }
  return { reporter, tracing, job };
}

class Orders {
  readonly prefix = "order";

  @Trace()
  get(id: string): string {
    return `${this.prefix} ${id}`;
  }
  @Trace("find order", "id", "customer.name", "token")
  async find(order: { id: number; customer?: { name: string } }): Promise<number> {
    return order.id;
  }
  @Trace()
  fail(): never {
    throw new RangeError("no such order");
  }
  @Trace()
  async reject(): Promise<never> {
    await null;
    throw new RangeError("no such order");
  }
  @Trace()
  stream<T>(observable: T): T {
    return observable;
  }
  @Trace()
  static count(): number {
    return 2;
  }
}
class RushOrders extends Orders {}

test("a child span of the active one, named by class and method; this, arguments and value pass through", async () => {
  const { job } = kit();
  const orders = new Orders();
  assert.deepEqual([orders.get.name, orders.get.length], ["get", 1]);
  assert.equal(
    await job(() => {
      assert.equal(orders.get("7"), "order 7");
      assert.equal(new RushOrders().get("8"), "order 8");
      assert.equal(Orders.count(), 2);
    }),
    "\njob\n  Orders.get\n  RushOrders.get\n  Orders.count",
  );
});

test("a name and attributes: properties of the first argument", async () => {
  const { tracing, reporter } = kit();
  const order = { id: 7, customer: { name: "Ann" } };
  await tracing.startActiveSpan("job", async () => assert.equal(await new Orders().find(order), 7));
  assert.equal(
    spanTree(reporter.spans, { tags: ["id", "customer.name", "token"] }),
    "\njob\n  find order  id=7 customer.name=Ann",
  );
});

test("what a method throws or rejects with is recorded and thrown on", async () => {
  const { job } = kit();
  const orders = new Orders();
  const error = "  error=RangeError\n    - error error.object=RangeError: no such order";
  assert.equal(
    await job(async () => {
      assert.throws(() => orders.fail(), RangeError);
      await assert.rejects(orders.reject(), RangeError);
    }),
    `\njob\n  Orders.fail${error}\n  Orders.reject${error}`,
  );
});

test("an Observable: until it completes, in the span; what it calls back runs outside of it", async () => {
  const { tracing, reporter } = kit();
  const active: (string | undefined)[] = [];
  const see = (): void => void active.push(tracing.activeSpan() === job ? "job" : "another");
  const source = new Observable<number>((subscriber) => {
    see();
    subscriber.next(1);
    setImmediate(() => {
      see();
      subscriber.next(2);
      subscriber.complete();
    });
  });
  let job: unknown;
  await tracing.startActiveSpan("job", async (span) => {
    job = span;
    const values = new Orders().stream(source).pipe(map((value) => value * 2));
    assert.ok(values instanceof Observable);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(reporter.spans.length, 0);
    await new Promise<void>((resolve) => values.subscribe({ next: see, complete: resolve }));
  });
  assert.deepEqual(active, ["another", "job", "another", "job"]);
  assert.equal(spanTree(reporter.spans), "\njob\n  Orders.stream");
});

test("an Observable: until it fails, which is recorded; until it is unsubscribed; each once, and later subscriptions not", async () => {
  const { job, reporter } = kit();
  const orders = new Orders();
  await job(async () => {
    const errors: unknown[] = [];
    const failing = orders.stream(
      concat(
        of(1),
        throwError(() => new RangeError("a")),
      ),
    );
    failing.subscribe({ error: (error) => errors.push(error) });
    failing.subscribe({ error: (error) => errors.push(error) });
    assert.deepEqual(errors.map(String), ["RangeError: a", "RangeError: a"]);
    const never = orders.stream(NEVER).subscribe();
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(reporter.spans.length, 1);
    never.unsubscribe();
    orders.stream(EMPTY).subscribe();
    const values: number[] = [];
    orders
      .stream(range(1, Number.POSITIVE_INFINITY))
      .pipe(take(2))
      .subscribe((value) => values.push(value));
    assert.deepEqual(values, [1, 2]);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(reporter.spans.length, 4);
  });
  assert.equal(
    spanTree(reporter.spans),
    "\njob\n  Orders.stream  error=RangeError\n  Orders.stream\n  Orders.stream\n  Orders.stream",
  );
});

test("a Subject is more than an Observable, and what has a then more than a promise: both are returned as they are", async () => {
  const { job } = kit();
  const orders = new Orders();
  const subjects = [new Subject(), new BehaviorSubject(1), { subscribe() {} }];
  assert.equal(
    await job(() => {
      for (const subject of subjects) assert.equal(orders.stream(subject), subject);
    }),
    `\njob${"\n  Orders.stream".repeat(3)}`,
  );
});

test("a class: every method that it declares, once, and neither its constructor nor its accessors", async () => {
  const { job } = kit();
  @Trace()
  class Stock {
    #count = 1;
    get size(): number {
      return this.#count;
    }
    add(): number {
      return ++this.#count;
    }
    @Trace("take one")
    take(): number {
      return --this.#count;
    }
  }
  @Trace("shelf")
  class Shelf extends Stock {
    clear(): void {}
  }
  assert.equal(
    await job(() => {
      const stock = new Stock();
      assert.deepEqual([stock.add(), stock.size, stock.take()], [2, 2, 1]);
      const shelf = new Shelf();
      shelf.clear();
      shelf.add();
    }),
    "\njob\n  Stock.add\n  take one\n  shelf.clear\n  Shelf.add",
  );
});

test("the child goes to the tracer of the active span; without one, to initTracing's tracer, else to the global one", async (t) => {
  const [mine, other, global] = [kit(), kit(), kit()];
  const orders = new Orders();
  orders.get("nowhere");
  const tracing = initTracing({ tracing: mine.tracing, traceClient: false });
  t.after(() => tracing.close());
  orders.get("7");
  assert.equal(await other.job(() => orders.get("8")), "\njob\n  Orders.get");
  await tracing.close();
  initGlobalTracer(new Tracer({ reporter: global.reporter }));
  t.after(() => initGlobalTracer(new NoopTracer()));
  orders.get("9");
  assert.equal(spanTree(mine.reporter.spans), "\nOrders.get");
  assert.equal(spanTree(global.reporter.spans), "\nOrders.get");
});

test("called on nothing, or on a proxy that hides what it is, the method's name will do", async () => {
  const { job } = kit();
  const { stream } = new Orders();
  const hostile = new Proxy(new Orders(), {
    get(target, key) {
      if (key === "constructor") throw new Error("looked at");
      return Reflect.get(target, key);
    },
  });
  assert.equal(
    await job(() => {
      assert.equal(stream(1), 1);
      assert.equal(hostile.stream(2), 2);
    }),
    "\njob\n  stream\n  stream",
  );
});

test("what is neither method nor class, and what is no text, is refused at once, with what to write instead", () => {
  const decorate = Trace() as unknown as (...args: unknown[]) => void;
  const wrong = [[undefined, { kind: "field", name: "a" }], [{}, "a", undefined], [{}, "a", 0], [() => {}], [5]];
  for (const args of wrong)
    assert.throws(() => decorate(...args), /@Trace\(\) decorates methods and classes, not .*startActiveSpan/);
  for (const args of [[5], [""], ["a", 5]]) {
    assert.throws(
      () => (Trace as (...args: unknown[]) => void)(...args),
      /takes texts, not .*@Trace\(undefined, "id"\)/,
    );
  }
});

// @Trace() in TypeScript's older dialect, which NestJS is written in.

import "reflect-metadata";
import assert from "node:assert/strict";
import { test } from "node:test";
import { Controller, Get, HttpCode, Param } from "@nestjs/common";
import { MemoryReporter, Tracer, Tracing } from "node-opentracing";
import { Trace } from "node-opentracing/nest";
import { spanTree } from "node-opentracing/testing";

const PATH = "path";
const STATUS = "__httpCode__";
const ARGUMENTS = "__routeArguments__";

@Controller("orders")
class Orders {
  @Get("above/:id")
  @HttpCode(202)
  @Trace()
  above(@Param("id") id: string, _unused?: number): string {
    return `above ${id}`;
  }
  @Trace("below")
  @Get("below/:id")
  @HttpCode(203)
  below(@Param("id") id: string): string {
    return `below ${id}`;
  }
}

@Trace()
@Controller("stock")
class Stock {
  @Get("a")
  @HttpCode(201)
  count(): number {
    return 1;
  }
}

const metadata = (key: string, target: object, ...property: [string?]): unknown =>
  Reflect.getMetadata(key, target, ...(property as [string]));

test("metadata survives in either order, and on classes; parameters stay decorated; name and length are the method's", () => {
  const { above, below } = Orders.prototype;
  assert.deepEqual([above.name, above.length, below.name, below.length], ["above", 2, "below", 1]);
  assert.deepEqual([metadata(PATH, above), metadata(STATUS, above)], ["above/:id", 202]);
  assert.deepEqual([metadata(PATH, below), metadata(STATUS, below)], ["below/:id", 203]);
  assert.deepEqual([metadata(PATH, Stock), metadata(PATH, Stock.prototype.count)], ["stock", "a"]);
  assert.equal(metadata(STATUS, Stock.prototype.count), 201);
  for (const name of ["above", "below"]) {
    assert.ok(metadata(ARGUMENTS, Orders, name), name);
    assert.ok(Array.isArray(metadata("design:paramtypes", Orders.prototype, name)), name);
  }
});

test("methods and classes are traced", () => {
  const reporter = new MemoryReporter();
  const tracing = new Tracing(new Tracer({ reporter }));
  tracing.startActiveSpan("job", () => {
    assert.equal(new Orders().above("7"), "above 7");
    assert.equal(new Orders().below("8"), "below 8");
    assert.equal(new Stock().count(), 1);
  });
  assert.equal(spanTree(reporter.spans), "\njob\n  Orders.above\n  below\n  Stock.count");
});

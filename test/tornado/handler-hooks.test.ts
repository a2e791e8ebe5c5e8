// Hooks of RequestHandler that are async: they are waited for, and what they reject with ends nothing but their request.

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { Finish, HTTPError, RequestHandler } from "node-opentracing/tornado";
import { bodyOf, QuietHandler, serve, tick } from "./scene.js";

/** What is printed by `console.error` until the end of the test. */
function printed(t: TestContext): unknown[] {
  const { error } = console;
  const lines: unknown[] = [];
  console.error = (...args: unknown[]) => void lines.push(args[0]);
  t.after(() => {
    console.error = error;
  });
  return lines;
}

/** Its error pages take a while. */
class SlowErrorHandler extends QuietHandler {
  override async writeError(statusCode: number): Promise<void> {
    await tick();
    void this.finish(`page ${statusCode}`);
  }
}

test("prepare that refuses by sendError: the method is not called, though the error page takes a while", async (t) => {
  const calls: string[] = [];
  class Handler extends SlowErrorHandler {
    override prepare(): void {
      void this.sendError(403);
    }
    delete(): void {
      calls.push("delete");
    }
  }
  const { ask } = await serve(t, [["/", Handler]]);
  const answer = await ask("DELETE /");
  assert.match(answer, /^HTTP\/1.1 403 /);
  assert.equal(bodyOf(answer), "page 403");
  assert.deepEqual(calls, []);
});

test("what is thrown behind sendError does not take the place of its page, be it an error or Finish", async (t) => {
  const logged: string[] = [];
  class Handler extends SlowErrorHandler {
    get(kind: string): void {
      void this.sendError(403);
      throw kind === "finish" ? new Finish("late") : new Error("late");
    }
    override logException(error: unknown): void {
      logged.push((error as Error).message);
    }
  }
  const { ask } = await serve(t, [["/(.*)", Handler]]);
  for (const kind of ["error", "finish"]) assert.equal(bodyOf(await ask(`GET /${kind}`)), "page 403", kind);
  assert.deepEqual(logged, ["late"]);
});

for (const isAsync of [false, true]) {
  test(`writeError that calls sendError itself, ${isAsync ? "after a while: the first status stays" : "at once: the other page is sent"}`, async (t) => {
    class Handler extends QuietHandler {
      get(): void {
        throw new HTTPError(403);
      }
      override async writeError(statusCode: number): Promise<void> {
        if (isAsync) await tick();
        if (statusCode === 403) await this.sendError(404);
        else void this.finish(`page ${statusCode}`);
      }
    }
    const { ask } = await serve(t, [["/", Handler]]);
    const answer = await ask("GET /");
    assert.match(answer, isAsync ? /^HTTP\/1.1 403 .*\r\nContent-Length: 0\r\n/s : /^HTTP\/1.1 404 .*page 404$/s);
  });
}

test("an async initialize is waited for, and answered with 500 where it rejects", async (t) => {
  class Handler extends QuietHandler {
    user = "nobody";
    override async initialize({ user }: { user?: string }): Promise<void> {
      await tick();
      if (user === undefined) throw new Error("in initialize");
      this.user = user;
    }
    get(): void {
      this.write(this.user);
    }
  }
  const { ask } = await serve(t, [
    ["/ada", Handler, { user: "ada" }],
    ["/", Handler],
  ]);
  assert.equal(bodyOf(await ask("GET /ada")), "ada");
  assert.match(await ask("GET /"), /^HTTP\/1.1 500 /);
});

test("an async logException that rejects is printed, and the error page sent", async (t) => {
  const lines = printed(t);
  class Handler extends RequestHandler {
    get(): void {
      throw new Error("why");
    }
    override async logException(): Promise<void> {
      await tick();
      throw new Error("in logException");
    }
  }
  const { ask } = await serve(t, [["/", Handler]]);
  assert.match(await ask("GET /"), /^HTTP\/1.1 500 /);
  assert.deepEqual(lines, ["Exception in logException\n"]);
});

// How a fetch can fail without an answer, or in the middle of one: time limits, aborts, broken connections, sizes.

import assert from "node:assert/strict";
import { once } from "node:events";
import { beforeEach, type TestContext, test } from "node:test";
import { spanTree } from "node-opentracing/testing";
import { AsyncHTTPClient } from "#src/tornado/async-http-client.js";
import { HTTPError, HTTPStreamClosedError, HTTPTimeoutError } from "#src/tornado/http-error.js";
import { tick } from "./scene.js";
import { onServer, onSockets, type Routes, traced } from "./web-server.js";

const client = new AsyncHTTPClient();

/** Resolves when the server sees the request go away. */
let gone: Promise<unknown>;
/** Called when the server has a request that it will not answer. */
let arrived = (): void => {};
/** Lets seconds pass. */
let pass: (seconds: number) => void;
beforeEach(() => {
  arrived = () => {};
});
const ROUTES: Routes = {
  "/": (_request, response) => response.end("here"),
  "/hang": (_request, response) => {
    gone = once(response, "close");
    arrived();
  },
  "/half": (_request, response) => {
    gone = once(response, "close");
    response.writeHead(200, { "content-length": 100 }).write("a part");
  },
  "/cut": (_request, response) =>
    void response.writeHead(200, { "content-length": 100 }).write("a part", () => response.destroy()),
  "/reset": (request) => request.socket.resetAndDestroy(),
  "/to-hang": (_request, response) => response.writeHead(302, { location: "/hang" }).end(),
};

function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => assert.fail("it must reject"),
    (error: unknown) => error,
  );
}

/** Lets time pass for the limits, and for nothing else: the timers of sockets are Node's own. */
function passing(t: TestContext): (seconds: number) => void {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  return (seconds) => t.mock.timers.tick(seconds * 1000);
}

for (const [path, tree] of [
  ["/hang", "\nGET  client error=timeout"],
  ["/half", "\nGET  client 200 error=timeout"],
  ["/to-hang", "\nGET  client error=timeout"],
] as const) {
  test(`request time limit: ${path} rejects with 599 after 20 seconds, and the connection is closed`, (t) =>
    traced({}, (reporter) =>
      onServer(ROUTES, async ({ origin }) => {
        pass = passing(t);
        let isOver = false;
        const timePasses = () => {
          pass(19.9);
          setImmediate(() => {
            assert.equal(isOver, false);
            pass(0.1);
          });
        };
        arrived = timePasses;
        const headerCallback = (line: string) => void (line === "\r\n" && timePasses());
        const fetched = client.fetch(origin + path, { raiseError: false, headerCallback });
        const error = await rejection(fetched.finally(() => (isOver = true)));
        assert.ok(error instanceof HTTPTimeoutError);
        assert.ok(error instanceof HTTPError);
        assert.deepEqual([error.code, error.message], [599, "HTTP 599: Timeout during request"]);
        await gone;
        assert.equal(spanTree(reporter.spans), tree);
        const { fields } = reporter.spans[0]!.logs.at(-1)!;
        assert.deepEqual([fields["event"], fields["error.object"]], ["error", error]);
      }),
    ));
}

test("request time limit: it counts from the start, whatever redirects there are", (t) =>
  onServer(
    {
      ...ROUTES,
      "/first": (_request, response) => {
        pass(1.5);
        response.writeHead(302, { location: "/hang" }).end();
      },
    },
    async ({ origin }) => {
      pass = passing(t);
      arrived = () => pass(0.5);
      assert.ok((await rejection(client.fetch(`${origin}/first`, { requestTimeout: 2 }))) instanceof HTTPTimeoutError);
      await gone;
    },
  ));

test("request time limit: it holds where a streamingCallback never comes back", (t) =>
  onServer(ROUTES, async ({ origin }) => {
    pass = passing(t);
    const streamingCallback = () => {
      setImmediate(pass, 20);
      return new Promise<void>(() => {});
    };
    assert.ok((await rejection(client.fetch(`${origin}/half`, { streamingCallback }))) instanceof HTTPTimeoutError);
    await gone;
  }));

test("connect time limit: a handshake that does not end rejects with 599, whichever limit is shorter", () =>
  onSockets(
    () => {}, // takes connections and says nothing
    async (port) => {
      for (const limits of [
        { connectTimeout: 0.05 },
        { requestTimeout: 0.05 },
        { connectTimeout: 0, requestTimeout: 0.05 },
      ]) {
        const error = await rejection(client.fetch(`https://127.0.0.1:${port}/`, limits));
        assert.ok(error instanceof HTTPTimeoutError);
        assert.equal(error.message, "HTTP 599: Timeout while connecting");
      }
    },
  ));

test("connect time limit: it does not run on once the connection stands", (t) =>
  onServer(
    {
      "/": (_request, response) => {
        pass(10);
        response.end("late");
      },
    },
    async ({ origin }) => {
      pass = passing(t);
      assert.equal(String((await client.fetch(origin, { connectTimeout: 1 })).body), "late");
    },
  ));

test("time limits of 0, and longer ones than Node's timers know, are none", () =>
  onServer(ROUTES, async ({ origin }) => {
    for (const seconds of [0, 1e9]) {
      const options = { connectTimeout: seconds, requestTimeout: seconds };
      assert.equal((await client.fetch(origin, options)).code, 200);
    }
  }));

test("the limits of a client hold for requests that have none of their own", (t) =>
  onServer(ROUTES, async ({ origin }) => {
    pass = passing(t);
    arrived = () => pass(0.5);
    const impatient = new AsyncHTTPClient({ defaults: { requestTimeout: 0.5 } });
    await assert.rejects(impatient.fetch(`${origin}/hang`), HTTPTimeoutError);
    await gone;
  }));

test("a connection that is refused rejects with Node's error, logged on the span", () =>
  traced({}, async (reporter) => {
    const error = await rejection(client.fetch("http://127.0.0.1:1/", { raiseError: false }));
    assert.equal((error as NodeJS.ErrnoException).code, "ECONNREFUSED");
    assert.equal(spanTree(reporter.spans), "\nGET  client error=Error");
    assert.equal(reporter.spans[0]!.logs[0]!.fields["error.object"], error);
  }));

test("a body that is cut rejects with 599, and the span has the status and a reset connection", () =>
  traced({}, (reporter) =>
    onServer(ROUTES, async ({ origin }) => {
      const error = await rejection(client.fetch(`${origin}/cut`));
      assert.ok(error instanceof HTTPStreamClosedError);
      assert.deepEqual([error.code, error.message], [599, "HTTP 599: Connection closed"]);
      assert.equal((error.cause as NodeJS.ErrnoException).code, "ECONNRESET");
      assert.equal(spanTree(reporter.spans), "\nGET  client 200 error=connection_reset");
    }),
  ));

test("a connection that is reset in the middle of a body is one that is cut", () => {
  let reset = () => {};
  const routes: Routes = {
    "/": (request, response) => {
      reset = () => request.socket.resetAndDestroy();
      response.writeHead(200, { "content-length": 100 }).write("a part");
    },
  };
  return traced({}, (reporter) =>
    onServer(routes, async ({ origin }) => {
      const headerCallback = (line: string) => void (line === "\r\n" && reset());
      const slowCallback = async (line: string) => {
        headerCallback(line);
        for (let i = 0; i < 20; i++) await tick();
      };
      for (const callback of [headerCallback, slowCallback]) {
        const error = await rejection(client.fetch(origin, { headerCallback: callback }));
        assert.ok(error instanceof HTTPStreamClosedError, String(error));
      }
      assert.equal(spanTree(reporter.spans), "\nGET  client 200 error=connection_reset".repeat(2));
    }),
  );
});

test("a connection that is closed before an answer rejects with 599, one that is reset with Node's error", () =>
  traced({}, (reporter) =>
    onServer({ ...ROUTES, "/close": (_request, response) => response.destroy() }, async ({ origin }) => {
      assert.ok((await rejection(client.fetch(`${origin}/close`))) instanceof HTTPStreamClosedError);
      const error = (await rejection(client.fetch(`${origin}/reset`))) as NodeJS.ErrnoException;
      assert.deepEqual([error.code, error.syscall], ["ECONNRESET", "read"]);
      assert.equal(spanTree(reporter.spans), "\nGET  client error=HTTPStreamClosedError\nGET  client error=Error");
    }),
  ));

test("an answer that is no HTTP, and one that switches protocols unasked, reject", async () => {
  for (const [answer, code] of [
    ["hello\r\n\r\n", "HPE_INVALID_CONSTANT"],
    ["HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n", 599],
  ] as const) {
    await onSockets(
      (socket) => socket.once("data", () => socket.write(answer)),
      async (port) => {
        const error = await rejection(client.fetch(`http://127.0.0.1:${port}/`));
        assert.equal((error as { code: unknown }).code, code);
      },
    );
  }
});

test("a signal gives the fetch up, before, during and after it", () =>
  traced({}, (reporter) =>
    onServer(ROUTES, async ({ origin, requests }) => {
      const reason = new Error("no longer needed");
      const before = client.fetch(origin, { signal: AbortSignal.abort(reason) });
      assert.equal(await rejection(before), reason);
      assert.equal(requests.length, 0);

      const controller = new AbortController();
      const headerCallback = () => controller.abort();
      const during = await rejection(client.fetch(`${origin}/half`, { signal: controller.signal, headerCallback }));
      assert.equal((during as Error).name, "AbortError");
      await gone;

      const late = new AbortController();
      assert.equal((await client.fetch(origin, { signal: late.signal })).code, 200);
      late.abort();
      assert.equal(
        spanTree(reporter.spans),
        "\nGET  client error=Error\nGET  client 200 error=AbortError\nGET  client 200",
      );
    }),
  ));

test("a signal of many fetches keeps none of their listeners", () =>
  onServer(ROUTES, async ({ origin }) => {
    const { signal } = new AbortController();
    let listeners = 0;
    const { addEventListener, removeEventListener } = signal;
    Object.assign(signal, {
      addEventListener: (...args: Parameters<typeof addEventListener>) => {
        listeners++;
        addEventListener.apply(signal, args);
      },
      removeEventListener: (...args: Parameters<typeof removeEventListener>) => {
        listeners--;
        removeEventListener.apply(signal, args);
      },
    });
    await client.fetch(origin, { signal });
    await rejection(client.fetch(`${origin}/cut`, { signal }));
    assert.equal(listeners, 0);
  }));

test("what a callback throws rejects the fetch, marks the span, and ends the connection", () =>
  traced({}, (reporter) =>
    onServer(ROUTES, async ({ origin }) => {
      const error = Object.assign(new Error("from the callback"), { code: "ECONNRESET" });
      const callback = () => {
        throw error;
      };
      for (const options of [
        { headerCallback: callback },
        { headerCallback: () => Promise.reject(error) },
        { streamingCallback: callback },
        { streamingCallback: () => Promise.reject(error) },
      ]) {
        assert.equal(await rejection(client.fetch(`${origin}/half`, options)), error);
        await gone;
      }
      assert.equal(spanTree(reporter.spans), "\nGET  client 200 error=Error".repeat(4));
    }),
  ));

test("maxBodySize: the last size that is taken and the first that is not", () => {
  const routes: Routes = {
    "/": (request, response) => response.end(Buffer.alloc(Number(request.url!.split("?")[1]))),
    "/redirect": (_request, response) => response.writeHead(302, { location: "/?1" }).end(Buffer.alloc(1001)),
  };
  return traced({}, (reporter) =>
    onServer(routes, async ({ origin }) => {
      const small = new AsyncHTTPClient({ maxBodySize: 1000 });
      assert.equal((await small.fetch(`${origin}/?1000`)).body.length, 1000);
      for (const path of ["/?1001", "/redirect"]) {
        const error = await rejection(small.fetch(origin + path));
        assert.ok(error instanceof HTTPError);
        assert.equal(error.message, "HTTP 599: Response body larger than 1000 bytes");
      }
      assert.equal(
        spanTree(reporter.spans),
        "\nGET  client 200\nGET  client 200 error=HTTPStreamClosedError\nGET  client 302 error=HTTPStreamClosedError",
      );
    }),
  );
});

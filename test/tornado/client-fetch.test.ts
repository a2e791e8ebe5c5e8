// What AsyncHTTPClient sends and answers, apart from tracing: bodies, headers, compression, TLS, and what it refuses.

import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { AsyncHTTPClient } from "#src/tornado/async-http-client.js";
import { HTTPError } from "#src/tornado/http-error.js";
import { HTTPHeaders } from "#src/tornado/http-headers.js";
import { HTTPRequest } from "#src/tornado/http-request.js";
import { HTTPResponse } from "#src/tornado/http-response.js";
import { VERSION } from "#src/version.js";
import { certificate } from "../clients/certificate.js";
import { bodyOf, onServer, type Routes } from "./web-server.js";

const client = new AsyncHTTPClient();
const HERE: Routes = { "/": (_request, response) => response.end("here") };

test("a response has code, reason, headers, body, time, URL and request", () =>
  onServer(
    {
      "/": (_request, response) =>
        response.writeHead(201, "Made", { "Content-Type": "text/plain", "Set-Cookie": ["a=1", "b=2"] }).end("naïve"),
    },
    async ({ origin }) => {
      const response = await client.fetch(`${origin}/#part`);
      assert.deepEqual([response.code, response.reason], [201, "Made"]);
      assert.equal(response.body.toString(), "naïve");
      assert.equal(response.headers.get("content-TYPE"), "text/plain");
      assert.deepEqual(response.headers.getList("set-cookie"), ["a=1", "b=2"]);
      assert.equal(response.effectiveUrl, `${origin}/#part`);
      assert.equal(response.request.url, `${origin}/#part`);
      assert.equal(response.error, undefined);
      assert.ok(response.requestTime! > 0 && response.requestTime! < 10, "in seconds");
      response.rethrow();
    },
  ));

test("an answer other than 2xx has an error, which is thrown unless raiseError is false, and by rethrow", () =>
  onServer({}, async ({ origin }) => {
    const response = await client.fetch(origin, { raiseError: false });
    assert.equal(String(response.body), "nothing here");
    assert.throws(() => response.rethrow(), { name: "HTTPError", code: 404, statusCode: 404, response });
    const request = new HTTPRequest(origin);
    assert.equal((await client.fetch(request, { raiseError: false })).request, request);
    await assert.rejects(client.fetch(request), HTTPError);
    assert.doesNotMatch(inspect(response.error, { depth: 9 }), /nothing here/);
  }));

test("headers are sent as given, those of the caller before ours, and a request is not changed by being fetched", () =>
  onServer(HERE, async ({ origin, requests }) => {
    await client.fetch(origin);
    const { "user-agent": agent, "accept-encoding": encoding, connection, "x-own": own } = requests[0]!.headers;
    assert.deepEqual([agent, encoding, connection, own], [`node-opentracing/${VERSION}`, "gzip", "close", undefined]);

    const request = new HTTPRequest(new URL(origin), {
      headers: new Headers({ "User-Agent": "mine", "X-Own": "1" }),
      ifModifiedSince: new Date(0),
    });
    await client.fetch(request);
    assert.equal(requests[1]!.headers["user-agent"], "mine");
    assert.equal(requests[1]!.headers["if-modified-since"], "Thu, 01 Jan 1970 00:00:00 GMT");
    assert.deepEqual([...request.headers].length, 3);

    await new AsyncHTTPClient({ defaults: { userAgent: "theirs", decompressResponse: false } }).fetch(request);
    assert.equal(requests[2]!.headers["user-agent"], "theirs");
    assert.equal(requests[2]!.headers["accept-encoding"], undefined);

    await client.fetch(origin, { headers: { "X-Two": ["a", "b"], "X-None": undefined }, ifModifiedSince: 1 });
    assert.equal(requests[3]!.headers["x-two"], "a, b");
    assert.equal(requests[3]!.headers["if-modified-since"], "Thu, 01 Jan 1970 00:00:01 GMT");
  }));

test("bodies are sent whole, as text or bytes, with their length", async () => {
  const large = Buffer.alloc(3_000_000, "0123456789");
  const routes: Routes = {
    "/": async (request, response) => {
      const length = request.headers["content-length"];
      const body = await bodyOf(request);
      response.end(`${request.method} ${request.headers["content-type"]} ${length} ${body}`);
    },
  };
  await onServer(routes, async ({ origin }) => {
    const sent = async (options: object) => String((await client.fetch(origin, options)).body);
    const form = "application/x-www-form-urlencoded";
    assert.equal(await sent({ method: "POST", body: "é=1" }), `POST ${form} 4 é=1`);
    assert.equal(await sent({ method: "post", body: "" }), `POST ${form} 0 `);
    assert.equal(await sent({ method: "PUT", body: new Uint8Array([97]) }), "PUT undefined 1 a");
    const headers = { "content-length": "7", "content-type": "text/a" };
    assert.equal(await sent({ method: "PATCH", body: "a", headers }), "PATCH text/a 1 a");
    assert.equal(await sent({ method: "DELETE", body: "a", allowNonstandardMethods: true }), "DELETE undefined 1 a");
    assert.equal(await sent({ method: "PURGE", allowNonstandardMethods: true }), "PURGE undefined 0 ");
    assert.equal((await sent({ method: "POST", body: large })).length, `POST ${form} 3000000 `.length + large.length);
  });
});

test("large bodies are answered whole, 100 at once", () => {
  const large = Buffer.alloc(1_000_000, "abc");
  return onServer({ "/": (_request, response) => response.end(large) }, async ({ origin }) => {
    const responses = await Promise.all(Array.from({ length: 100 }, () => client.fetch(origin)));
    for (const { body } of responses) assert.ok(body.equals(large));
  });
});

test("gzip is asked for and unpacked; what is not gzip, and all with decompressResponse false, comes as it is", () => {
  const packed = gzipSync("here");
  const encoded = (encoding: string, body: Uint8Array): Routes[string] => {
    return (_request, response) => response.writeHead(200, { "content-encoding": encoding }).end(body);
  };
  const routes: Routes = {
    "/gzip": encoded("GZIP", packed),
    "/br": encoded("br", brotliCompressSync("here")),
    "/empty": encoded("gzip", new Uint8Array()),
    "/wrong": encoded("gzip", Buffer.from("not packed")),
    "/bomb": encoded("gzip", gzipSync(Buffer.alloc(10_000_000))),
  };
  return onServer(routes, async ({ origin }) => {
    const response = await client.fetch(`${origin}/gzip`);
    assert.equal(String(response.body), "here");
    assert.equal(response.headers.get("Content-Encoding"), undefined);
    assert.equal(response.headers.get("X-Consumed-Content-Encoding"), "GZIP");
    const asIs = await client.fetch(`${origin}/gzip`, { decompressResponse: false });
    assert.deepEqual([asIs.body, asIs.headers.get("content-encoding")], [packed, "GZIP"]);
    assert.equal((await client.fetch(`${origin}/br`)).headers.get("content-encoding"), "br");
    assert.equal((await client.fetch(`${origin}/empty`)).body.length, 0);
    assert.equal((await client.fetch(`${origin}/gzip`, { method: "HEAD" })).body.length, 0);
    await assert.rejects(client.fetch(`${origin}/wrong`), { code: "Z_DATA_ERROR" });
    await assert.rejects(new AsyncHTTPClient({ maxBodySize: 1_000_000 }).fetch(`${origin}/bomb`), { code: 599 });
  });
});

test("streamingCallback gets the body instead of the response, headerCallback the head line by line", () => {
  const routes: Routes = {
    "/": (_request, response) => response.writeHead(302, { location: "/to" }).end("passed over"),
    "/to": (_request, response) => response.writeHead(200, ["X-One", "1"]).end("here"),
    "/gzip": (_request, response) => response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync("unpacked")),
  };
  return onServer(routes, async ({ origin }) => {
    const lines: string[] = [];
    await client.fetch(origin, { headerCallback: (line) => void lines.push(line) });
    assert.deepEqual([lines[0], lines[1], lines.at(-1)], ["HTTP/1.1 200 OK\r\n", "X-One: 1\r\n", "\r\n"]);

    let text = "";
    const streamingCallback = async (chunk: Buffer) => {
      text += chunk;
    };
    const response = await client.fetch(`${origin}/gzip`, { streamingCallback });
    assert.deepEqual([text, response.body.length], ["unpacked", 0]);
  });
});

test("credentials become basic authentication: those of the URL first, then those of the options", () =>
  onServer(HERE, async ({ origin, requests }) => {
    const withUser = (user: string) => origin.replace("//", `//${user}@`);
    await client.fetch(origin, { authUsername: "ann", authPassword: "pässword" });
    await client.fetch(origin, { authUsername: "ann" });
    await client.fetch(withUser("bob:p%40ss"), { authUsername: "ann" });
    await client.fetch(withUser("bob:100%"));
    await client.fetch(withUser("bob"), { headers: { authorization: "Bearer x" } });
    assert.deepEqual(
      requests.map(({ headers }) => Buffer.from(headers.authorization!.slice(6), "base64").toString()),
      ["ann:pässword", "ann:", "bob:p@ss", "bob:100%", "bob:"],
    );
  }));

test("https: a certificate is checked, unless validateCert is false or sslOptions say what to trust", () =>
  onServer(
    HERE,
    async ({ origin }) => {
      await assert.rejects(client.fetch(origin), { code: "DEPTH_ZERO_SELF_SIGNED_CERT" });
      assert.equal(String((await client.fetch(origin, { validateCert: false })).body), "here");
      assert.equal(String((await client.fetch(origin, { sslOptions: { ca: certificate.cert } })).body), "here");
      const lenient = new AsyncHTTPClient({ defaults: { validateCert: false } });
      assert.equal(String((await lenient.fetch(origin)).body), "here");
      await assert.rejects(lenient.fetch(origin, { validateCert: true }), { code: "DEPTH_ZERO_SELF_SIGNED_CERT" });
    },
    "https",
  ));

test("a closed client fetches no more, and what it is fetching it fetches to the end", () =>
  onServer(HERE, async ({ origin }) => {
    const closed = new AsyncHTTPClient();
    const running = closed.fetch(origin);
    closed.close();
    assert.equal((await running).code, 200);
    await assert.rejects(closed.fetch(origin), /after close/);
  }));

const WRONG: readonly [what: string, fetch: () => unknown, error: RegExp][] = [
  ["a URL that is none", () => client.fetch("here"), /cannot be parsed/],
  ["another scheme", () => client.fetch("file:///etc/passwd"), /must begin with http: or https:, not file:/],
  ["no URL", () => client.fetch(undefined as never), /URL must be a text/],
  ["an unknown option", () => client.fetch("http://a/", { raise_error: false } as never), /did you mean "raiseError"/],
  [
    "a wrong option",
    () => client.fetch("http://a/", { requestTimeout: -1 }),
    /requestTimeout must be a number of seconds/,
  ],
  ["a wrong size", () => new AsyncHTTPClient({ maxBodySize: -1 }), /maxBodySize must be a whole number/],
  ["a wrong default", () => new AsyncHTTPClient({ defaults: { maxRedirects: 1.5 } }), /maxRedirects must be a whole/],
  ["options beside a request", () => client.fetch(new HTTPRequest("http://a/"), { method: "PUT" }), /set method on/],
  ["an unknown method", () => client.fetch("http://a/", { method: "PURGE" }), /unknown method PURGE/],
  ["a POST without a body", () => client.fetch("http://a/", { method: "POST" }), /a POST needs a body/],
  ["a GET with a body", () => client.fetch("http://a/", { body: "x" }), /a GET has no body/],
  [
    "a body that cannot be sent",
    () => client.fetch("http://a/", { method: "PUT", body: {} as never }),
    /body must be a text/,
  ],
  ["a wrong time", () => new HTTPRequest("http://a/", { ifModifiedSince: new Date("no") }), /must be a Date/],
  ["a wrong signal", () => new HTTPRequest("http://a/", { signal: {} as never }), /an AbortSignal/],
  [
    "a header that cannot be sent",
    () => client.fetch("http://127.0.0.1:1/", { headers: { a: "line\nbreak" } }),
    /Invalid character/,
  ],
];

for (const [what, fetch, error] of WRONG) {
  test(`${what} is refused, in a sentence that says what to do`, async () => {
    await assert.rejects(
      async () => fetch(),
      (thrown: unknown) => {
        assert.ok(thrown instanceof TypeError);
        assert.match(thrown.message, error);
        return true;
      },
    );
  });
}

test("HTTPHeaders keep names in their first case, find them in any, and every value", () => {
  const headers = new HTTPHeaders([["X-A", "1"]]);
  headers.add("x-a", "2");
  headers.add("X-B", "3");
  assert.deepEqual([headers.get("X-a"), headers.get("x-c"), headers.get("x-c", null)], ["1,2", undefined, null]);
  assert.deepEqual([headers.getList("x-A"), headers.getList("x-c")], [["1", "2"], []]);
  assert.deepEqual(
    [...headers],
    [
      ["X-A", "1"],
      ["X-A", "2"],
      ["X-B", "3"],
    ],
  );
  assert.deepEqual({ ...headers.toObject() }, { "X-A": ["1", "2"], "X-B": "3" });
  const copy = new HTTPHeaders(headers);
  headers.set("x-A", "4");
  assert.deepEqual([headers.delete("X-b"), headers.delete("X-b"), headers.has("x-b")], [true, false, false]);
  assert.deepEqual([...headers], [["x-A", "4"]]);
  assert.equal(copy.get("x-a"), "1,2");
});

test("HTTPError has status, reason and log message, and 500 by default", () => {
  assert.equal(String(new HTTPError()), "HTTPError: HTTP 500: Internal Server Error");
  const error = new HTTPError(404, "no story 7", { cause: 1 });
  assert.deepEqual(
    [error.message, error.statusCode, error.code, error.logMessage, error.reason, error.response, error.cause],
    ["HTTP 404: Not Found (no story 7)", 404, 404, "no story 7", undefined, undefined, 1],
  );
  assert.equal(new HTTPError(799).message, "HTTP 799: Unknown");
  assert.equal(new HTTPError(400, undefined, { reason: "Bad luck" }).message, "HTTP 400: Bad luck");
  assert.equal("cause" in new HTTPError(), false);
});

test("an HTTPResponse can be made for a test", () => {
  const request = new HTTPRequest("http://a/");
  const response = new HTTPResponse(request, 503);
  const { reason, effectiveUrl, body, requestTime, error } = response;
  assert.deepEqual(
    [reason, effectiveUrl, body.length, requestTime],
    ["Service Unavailable", "http://a/", 0, undefined],
  );
  assert.equal(error!.response, response);
  JSON.stringify(response);
});

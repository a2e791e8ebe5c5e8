// Where AsyncHTTPClient goes when it is sent elsewhere: with which method, body and headers, and one span for all of it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { spanTree } from "node-opentracing/testing";
import { AsyncHTTPClient, type FetchOptions } from "#src/tornado/async-http-client.js";
import { HTTPError } from "#src/tornado/http-error.js";
import { bodyOf, onServer, type Routes, traced } from "./web-server.js";

const client = new AsyncHTTPClient();

/** Redirects `/from?status` to `/to`, which tells what arrived. */
const ROUTES: Routes = {
  "/from": (request, response) =>
    response.writeHead(Number(request.url!.split("?")[1]), { location: "/to", "content-type": "text/plain" }).end("go"),
  "/to": async (request, response) => {
    const { "content-type": type = "no type", "content-length": length = "no length" } = request.headers;
    response.end(`${request.method} ${await bodyOf(request)} ${type} ${length}`);
  },
};

const POST: FetchOptions = { method: "POST", body: "a=1" };
const PUT: FetchOptions = { method: "PUT", body: "a=1", headers: { "Content-Type": "text/a" } };
const SAME_POST = "POST a=1 application/x-www-form-urlencoded 3";
const SAME_PUT = "PUT a=1 text/a 3";
const GET = "GET  no type no length";

const KINDS: readonly [status: number, options: FetchOptions, arrives: string][] = [
  [301, {}, GET],
  [302, {}, GET],
  [303, {}, GET],
  [307, {}, GET],
  [308, {}, GET],
  [301, POST, GET],
  [302, POST, GET],
  [303, POST, GET],
  [307, POST, SAME_POST],
  [308, POST, SAME_POST],
  [301, PUT, SAME_PUT],
  [302, PUT, SAME_PUT],
  [303, PUT, GET],
  [307, PUT, SAME_PUT],
];

for (const [status, options, arrives] of KINDS) {
  test(`a ${options.method ?? "GET"} that gets a ${status} arrives as ${arrives.split(" ")[0]}`, () =>
    traced({}, (reporter) =>
      onServer(ROUTES, async ({ origin }) => {
        const response = await client.fetch(`${origin}/from?${status}`, options);
        assert.equal(String(response.body), arrives);
        assert.equal(response.effectiveUrl, `${origin}/to`);
        assert.equal(response.request.url, `${origin}/from?${status}`);
        assert.equal(
          spanTree(reporter.spans, { logs: true, tags: ["http.url", "http.method"] }),
          `
${options.method ?? "GET"}  client 200 http.url=${origin}/from?${status} http.method=${options.method ?? "GET"}
  - redirect http.url=${origin}/to http.resend_count=1 http.status_code=${status}`,
        );
      }),
    ));
}

test("a HEAD that gets a 303 stays one", () =>
  onServer(ROUTES, async ({ origin, requests }) => {
    await client.fetch(`${origin}/from?303`, { method: "HEAD" });
    assert.deepEqual(
      requests.map(({ method }) => method),
      ["HEAD", "HEAD"],
    );
  }));

test("followRedirects false: the redirect is the answer, an error with its response", () =>
  traced({}, (reporter) =>
    onServer(ROUTES, async ({ origin, requests }) => {
      const error: unknown = await client.fetch(`${origin}/from?302`, { followRedirects: false }).catch((e) => e);
      assert.ok(error instanceof HTTPError);
      assert.equal(error.message, "HTTP 302: Found");
      assert.equal(error.response!.headers.get("location"), "/to");
      assert.equal(String(error.response!.body), "go");
      const options = { followRedirects: false, raiseError: false };
      assert.equal((await client.fetch(`${origin}/from?302`, options)).code, 302);
      assert.equal(requests.length, 2);
      assert.equal(spanTree(reporter.spans, { logs: true }), "\nGET  client 302\nGET  client 302");
    }),
  ));

test("maxRedirects: so many are followed, and the one after that is the answer", () => {
  const routes: Routes = {
    "/": (request, response) => {
      const left = Number(request.url!.split("?")[1]);
      if (left === 0) response.end("here");
      else response.writeHead(302, { location: `?${left - 1}` }).end();
    },
  };
  return onServer(routes, async ({ origin, requests }) => {
    assert.equal((await client.fetch(`${origin}/?5`)).code, 200);
    await assert.rejects(client.fetch(`${origin}/?6`), { code: 302 });
    assert.equal((await client.fetch(`${origin}/?1`, { maxRedirects: 1 })).code, 200);
    await assert.rejects(client.fetch(`${origin}/?2`, { maxRedirects: 1 }), { code: 302 });
    await assert.rejects(client.fetch(`${origin}/?1`, { maxRedirects: 0 }), { code: 302 });
    assert.equal(requests.length, 6 + 6 + 2 + 2 + 1);
  });
});

test("what says where to go, but not with a status for it, is the answer; so is a redirect that does not say where", () => {
  const routes: Routes = {
    "/created": (_request, response) => response.writeHead(201, { location: "/to" }).end(),
    "/nowhere": (_request, response) => response.writeHead(302).end(),
    "/unchanged": (_request, response) => response.writeHead(304, { location: "/to" }).end(),
  };
  return onServer(routes, async ({ origin }) => {
    assert.equal((await client.fetch(`${origin}/created`)).code, 201);
    await assert.rejects(client.fetch(`${origin}/nowhere`), { code: 302 });
    await assert.rejects(client.fetch(`${origin}/unchanged`), { code: 304 });
  });
});

test("a redirect to what is no http URL fails, and the error quotes no secret", () => {
  const routes: Routes = {
    "/ftp": (_request, response) => response.writeHead(302, { location: "ftp://u:hidden@127.0.0.1/" }).end(),
    "/wrong": (_request, response) => response.writeHead(302, { location: "http://[hidden" }).end(),
  };
  return traced({}, (reporter) =>
    onServer(routes, async ({ origin }) => {
      const errors: unknown[] = [];
      for (const path of ["/ftp", "/wrong"]) errors.push(await client.fetch(origin + path).catch((error) => error));
      for (const error of errors) {
        assert.ok(error instanceof TypeError);
        assert.doesNotMatch(String(error.stack), /hidden/);
      }
      assert.equal(spanTree(reporter.spans), "\nGET  client 302 error=TypeError\nGET  client 302 error=TypeError");
    }),
  );
});

test("a redirect to where nobody listens fails with Node's error, and the span has no status", () => {
  const routes: Routes = {
    "/": (_request, response) => response.writeHead(302, { location: "http://127.0.0.1:1/" }).end(),
  };
  return traced({}, (reporter) =>
    onServer(routes, async ({ origin }) => {
      await assert.rejects(client.fetch(origin), { code: "ECONNREFUSED" });
      assert.equal(spanTree(reporter.spans), "\nGET  client error=Error");
    }),
  );
});

test("credentials and cookies stay on their origin, whatever way they were given; other headers go along", async () => {
  const secret = { Authorization: "Bearer hidden", Cookie: "id=hidden", "Proxy-Authorization": "hidden", "X-Own": "1" };
  await onServer({ "/": (_request, response) => response.end() }, async (other) => {
    const routes: Routes = {
      "/near": (_request, response) => response.writeHead(302, { location: "/end" }).end(),
      "/far": (_request, response) => response.writeHead(302, { location: other.origin }).end(),
      "/far-with-user": (_request, response) =>
        response.writeHead(302, { location: other.origin.replace("//", "//u:hidden@") }).end(),
      "/end": (_request, response) => response.end(),
    };
    await onServer(routes, async (first) => {
      await client.fetch(`${first.origin}/near`, { headers: secret });
      const near = first.requests.at(-1)!.headers;
      assert.deepEqual(
        [near.authorization, near.cookie, near["proxy-authorization"], near["x-own"], near.host],
        ["Bearer hidden", "id=hidden", "hidden", "1", new URL(first.origin).host],
      );

      const withUser = first.origin.replace("//", "//user:hidden@");
      await client.fetch(`${first.origin}/far`, { headers: { ...secret, Host: "first.example" } });
      await client.fetch(`${first.origin}/far-with-user`, { authUsername: "u", authPassword: "hidden" });
      await client.fetch(`${withUser}/far`);
      assert.equal(first.requests.at(-1)!.headers.authorization, `Basic ${btoa("user:hidden")}`);
      assert.equal(other.requests.length, 3);
      assert.equal(other.requests[0]!.headers["x-own"], "1");
      for (const { headers, rawHeaders } of other.requests) {
        assert.doesNotMatch(rawHeaders.join(), /hidden/);
        assert.equal(headers.authorization, undefined);
        assert.equal(headers.host, new URL(other.origin).host);
      }

      await client.fetch(`${withUser}/near`);
      assert.equal(first.requests.at(-1)!.headers.authorization, `Basic ${btoa("user:hidden")}`);
    });
  });
});

test("trace headers go where propagateTo allows, for each hop by itself", async () => {
  await onServer({ "/": (_request, response) => response.end() }, async (other) => {
    const routes: Routes = { "/": (_request, response) => response.writeHead(302, { location: other.origin }).end() };
    await onServer(routes, async (first) => {
      await traced({ propagateTo: [first.origin] }, async () => {
        await client.fetch(first.origin.replace("//", "//user:password@"));
        assert.equal(typeof first.requests[0]!.headers["traceparent"], "string");
        assert.equal(other.requests[0]!.headers["traceparent"], undefined);
      });
    });
  });
});

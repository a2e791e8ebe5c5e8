// The traced fetch takes every form of arguments as the untraced one does: same request on the wire, same refusals.

import assert from "node:assert/strict";
import { test } from "node:test";
import { onScene, type Scene } from "#src/testing/_client-scene.js";
import { CLIENTS } from "./contract-clients.js";

const client = CLIENTS.find(({ name }) => name === "fetch")!;
const original = globalThis.fetch;

class Options {
  get method(): string {
    return "PUT";
  }
  get body(): string {
    return "text";
  }
}

const TRACE = new Set(["traceparent", "tracestate"]);

/** What reaches the server, or the error. */
async function outcome(s: Scene, call: () => Promise<Response>): Promise<unknown> {
  let promise: Promise<Response>;
  try {
    promise = call();
  } catch (error) {
    return ["thrown", String(error)];
  }
  try {
    await (await promise).text();
    return Object.entries(s.received.at(-1)!).filter(([name]) => !TRACE.has(name));
  } catch (error) {
    return ["rejected", String(error), String((error as Error).cause)];
  }
}

// biome-ignore format: a table
const FORMS: [name: string, args: (url: string) => unknown[]][] = [
  ["a URL alone", (url) => [url]],
  ["no options", (url) => [url, null]],
  ["headers as a record", (url) => [url, { headers: { "X-Own": "1", b: "2" } }]],
  ["headers as pairs", (url) => [url, { headers: [["X-Own", "1"], ["x-own", "2"]] }]],
  ["headers as Headers", (url) => [url, { headers: new Headers({ "X-Own": "1" }) }]],
  ["frozen options", (url) => [url, Object.freeze({ headers: Object.freeze({ a: "1" }), method: "DELETE" })]],
  ["options with getters on their prototype", (url) => [url, new Options()]],
  ["inherited options", (url) => [url, Object.create({ method: "POST", body: "x" })]],
  ["a Request", (url) => [new Request(url, { method: "PUT", body: "x", headers: { a: "1" } })]],
  ["a Request and its referrer", (url) => [new Request(url, { referrer: `${url}?r`, referrerPolicy: "unsafe-url" })]],
  ["a Request without referrer", (url) => [new Request(url, { referrer: "" }), {}]],
  ["a Request with options", (url) => [new Request(url, { referrer: `${url}?r`, headers: { a: "1" } }), { method: "POST" }]],
  ["a Request with other headers", (url) => [new Request(url, { headers: { a: "1" } }), { headers: { b: "2" } }]],
  ["a Request as options", (url) => [url, new Request("http://127.0.0.1/", { method: "PUT", headers: { a: "1" } })]],
  ["no-cors", (url) => [url, { mode: "no-cors", headers: { a: "1" } }]],
  ["a stream", (url) => [url, { method: "POST", body: new Blob(["x"]).stream(), duplex: "half" }]],
  ["no arguments", () => []],
  ["options that are no object", (url) => [url, 5]],
  ["headers that are none", (url) => [url, { headers: null }]],
  ["a header that is none", (url) => [url, { headers: { "no header": "1" } }]],
  ["a signal that throws", (url) => [url, { get signal() { throw new RangeError("signal"); } }]],
  ["a method that throws", (url) => [url, { get method() { throw new RangeError("method"); } }]],
  ["headers that throw", (url) => [url, { get headers() { throw new RangeError("headers"); } }]],
  ["a body with GET", (url) => [url, { body: "x" }]],
  ["an object that has a URL and headers, and a text of its own", (url) => [{ url: "/x", headers: { a: "1" }, toString: () => url }]],
  ["credentials", (url) => [url.replace("//", "//user:pw@")]],
  ["a symbol", () => [Symbol("url")]],
];

for (const [name, args] of FORMS) {
  test(`fetch with ${name} is as it is untraced`, () =>
    onScene(client, {}, async (s) => {
      const call = (fetch: unknown) => () => Reflect.apply(fetch as () => Promise<Response>, undefined, args(url));
      const url = `${s.origin}/status/200`;
      const untraced = await outcome(s, call(original));
      assert.deepEqual(await outcome(s, call(globalThis.fetch)), untraced);
    }));
}

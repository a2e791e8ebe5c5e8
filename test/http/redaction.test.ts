// No secret of a URL or a header becomes a tag.

import assert from "node:assert/strict";
import { test } from "node:test";
import { attributeTaggers } from "#src/http/attributes.js";
import { DEFAULT_REDACTED, redactor } from "#src/http/redaction.js";

const redact = redactor(DEFAULT_REDACTED);

const CASES: [url: string, redacted: string][] = [
  ["/", "/"],
  ["*", "*"],
  ["/a?b=c&d=e", "/a?b=c&d=e"],
  ["/a?token=x", "/a?token=REDACTED"],
  ["/a?b=1&token=x&c=2", "/a?b=1&token=REDACTED&c=2"],
  ["/a?token=x=y", "/a?token=REDACTED"],
  ["/a?token=", "/a?token=REDACTED"],
  ["/a?token", "/a?token"],
  ["/a?tokens=x", "/a?tokens=x"],
  ["/a?API-KEY=x;apiKey=y", "/a?API-KEY=REDACTED;apiKey=REDACTED"],
  ["/a?%74oken=x&%2574oken=y", "/a?%74oken=REDACTED&%2574oken=REDACTED"],
  ["/a?%zz=x&token=y", "/a?%zz=x&token=REDACTED"],
  ["/a?token[]=x&token[0]=y&user[password]=z", "/a?token[]=REDACTED&token[0]=REDACTED&user[password]=REDACTED"],
  ["/a?token%5B0%5D=x", "/a?token%5B0%5D=REDACTED"],
  ["/a#access_token=x&b=1", "/a#access_token=REDACTED&b=1"],
  ["/a?b=1#id_token=x", "/a?b=1#id_token=REDACTED"],
  ["/a?next=/b?token=x", "/a?next=/b?token=REDACTED"],
  ["/a@b?c=d@e", "/a@b?c=d@e"],
  ["http://user:pw@host/a", "http://REDACTED:REDACTED@host/a"],
  ["http://user@host/a", "http://REDACTED:REDACTED@host/a"],
  ["http://a:b@c:d@host/a", "http://REDACTED:REDACTED@host/a"],
  ["http://host/a@b", "http://host/a@b"],
  ["//user:pw@host/a", "//REDACTED:REDACTED@host/a"],
  ["user:pw@host:443", "REDACTED:REDACTED@host:443"],
  ["example.com:443", "example.com:443"],
  ["/a?next=http://u:p@h/", "/a?next=http://REDACTED:REDACTED@h/"],
  ["http://h/?next=http://u:p@h/&x=1", "http://h/?next=http://REDACTED:REDACTED@h/&x=1"],
  ["http://u:p@h/?next=http://u:p@h/", "http://REDACTED:REDACTED@h/?next=http://REDACTED:REDACTED@h/"],
  ["https://u:p?w@h", "https://u:p?w@h"],
];
for (const [url, redacted] of CASES) test(`redaction of ${url}`, () => assert.equal(redact(url), redacted));

test("own parameter names take the place of the default ones, and credentials go in any case", () => {
  const own = redactor(["Own Name"]);
  assert.equal(own("http://u:p@h/?own_name=x&token=y"), "http://REDACTED:REDACTED@h/?own_name=REDACTED&token=y");
  assert.equal(redactor([])("http://u:p@h/?token=y"), "http://REDACTED:REDACTED@h/?token=y");
});

test("redaction answers a text for any text", () => {
  const pieces = ["?", "#", "&", "=", "@", "//", "://", "%", "token", "[", "]", ";", "\\", "a", "%5B", "\u{1f600}"];
  let seed = 1;
  for (let i = 0; i < 20_000; i++) {
    let text = "";
    for (let j = 0; j < 12; j++) {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      text += pieces[(seed >>> 16) % pieces.length];
    }
    assert.equal(typeof redact(text), "string");
  }
});

test("redaction takes time in proportion to the URL's length, whatever a stranger writes in it", () => {
  for (const piece of ["//", "//a", "&", "a&"]) {
    const url = `/?${piece.repeat(500_000)}@`;
    const started = performance.now();
    assert.equal(redact(url).length >= url.length, true);
    // Takes 0.1 s; with a search through the rest at each piece, minutes.
    assert.ok(performance.now() - started < 10_000, piece);
  }
});

function tagsOf(paths: string[], request: unknown, redactBy = redact): Record<string, unknown> {
  const tags: Record<string, unknown> = {};
  const span = {
    setTag(name: string, value: unknown) {
      tags[name] = value;
    },
  };
  for (const tagger of attributeTaggers(paths, redactBy)) tagger(span as never, request);
  return tags;
}

test("attributes: dotted paths, names with dots, numbers, arrays, buffers and objects", () => {
  const request = {
    method: "GET",
    complete: false,
    headers: { "user-agent": "me", "x.dotted.name": "dots", list: ["a", "b"] },
    socket: { remotePort: 80, remoteAddress: null },
    body: Buffer.from("text"),
    empty: "",
    act() {},
  };
  const paths = [
    "method",
    "complete",
    "headers.user-agent",
    "headers.x.dotted.name",
    "headers.list",
    "socket.remotePort",
  ];
  assert.deepEqual(tagsOf([...paths, "socket.remoteAddress", "body", "empty", "act", "no.such.thing"], request), {
    method: "GET",
    complete: "false",
    "headers.user-agent": "me",
    "headers.x.dotted.name": "dots",
    "headers.list": '["a","b"]',
    "socket.remotePort": "80",
    body: "text",
  });
});

test("attributes: secrets are not given, by whatever path they are asked for", () => {
  const request = {
    url: "/a?token=secret",
    headers: { authorization: "Basic secret", cookie: "sid=secret", referer: "http://u:secret@h/", accept: "*/*" },
    rawHeaders: ["Authorization", "Basic secret", "Accept", "*/*"],
  };
  const tags = tagsOf(
    ["url", "headers.authorization", "headers.cookie", "headers.referer", "headers", "rawHeaders"],
    request,
  );
  assert.doesNotMatch(JSON.stringify(tags), /secret/);
  assert.equal(tags["headers.authorization"], "REDACTED");
  assert.equal(tags["rawHeaders"], '["Authorization","REDACTED","Accept","*/*"]');
  const single = { ...request, headersDistinct: { authorization: ["Basic secret"], accept: ["*/*"] } };
  const paths = ["headersDistinct.authorization.0", "headersDistinct.accept.0", "rawHeaders.1", "rawHeaders.3"];
  assert.deepEqual(Object.values(tagsOf(paths, single)), ["REDACTED", "*/*", "REDACTED", "*/*"]);
});

test("attributes: what stands in a session is no secret of its own", () => {
  const request = { session: { userId: 7, token: "secret" }, auth: { strategy: "basic" }, list: { token: ["secret"] } };
  const tags = tagsOf(["session.userId", "session.token", "auth.strategy", "list.token.0", "session"], request);
  assert.deepEqual(Object.values(tags), ["7", "REDACTED", "basic", "REDACTED", "REDACTED"]);
});

test("attributes: arguments, queries, forms and cookies lose the secrets that URLs lose", () => {
  const args = { token: ["secret"], "user[password]": ["secret"], page: ["2"] };
  const request = {
    query: "token=secret&page=2",
    body: Buffer.from("page=2&password=secret"),
    arguments: args,
    params: { apiKey: "secret", nested: { pass: { word: "secret" } } },
    cookies: { sid: "secret", theme: "secret" },
    form: { query: "token=secret", cookies: { theme: "secret" } },
  };
  const tags = tagsOf(
    ["query", "body", "arguments", "params", "cookies", "form", "arguments.token", "arguments.token.0"].concat([
      "arguments.page",
      "arguments.user[password]",
      "params.nested.pass.word",
      "cookies.theme",
    ]),
    request,
  );
  assert.deepEqual(tags, {
    query: "token=REDACTED&page=2",
    body: "page=2&password=REDACTED",
    arguments: '{"token":"REDACTED","user[password]":"REDACTED","page":["2"]}',
    params: '{"apiKey":"REDACTED","nested":{"pass":"REDACTED"}}',
    cookies: "REDACTED",
    form: '{"query":"token=REDACTED","cookies":"REDACTED"}',
    "arguments.token": "REDACTED",
    "arguments.token.0": "REDACTED",
    "arguments.page": '["2"]',
    "arguments.user[password]": "REDACTED",
    "params.nested.pass.word": "REDACTED",
    "cookies.theme": "REDACTED",
  });
});

test("attributes: own parameter names count, and a name that no URL could hold is no error", () => {
  const args = { ticket: "secret", token: "shown", "\ud800": "%", "": "empty" };
  const tags = tagsOf(["args"], { args }, redactor(["ticket"]));
  assert.deepEqual(JSON.parse(tags["args"] as string), {
    ticket: "REDACTED",
    token: "shown",
    "\ud800": "%",
    "": "empty",
  });
});

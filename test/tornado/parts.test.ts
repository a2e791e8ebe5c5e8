// Routes and cookies by themselves.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Application, RequestHandler, type Route } from "node-opentracing/tornado";
import { type CookieOptions, parseCookies, setCookieHeader } from "#src/tornado/cookies.js";
import { argumentsOf, passedBy, Routes } from "#src/tornado/routes.js";

class A extends RequestHandler {}
class B extends RequestHandler {}

/** The arguments for a path, or undefined where the pattern does not match. */
function match(pattern: string | RegExp, path: string): unknown[] | undefined {
  const target = new Routes([[pattern, A]]).find(path);
  return target && passedBy(argumentsOf(target));
}

test("routes match from the first character, and to the last unless a RegExp says otherwise", () => {
  assert.deepEqual(match("/story/([0-9]+)", "/story/7"), ["7"]);
  assert.equal(match("/story/([0-9]+)", "/story/7/more"), undefined);
  assert.equal(match("/story/([0-9]+)", "/my/story/7"), undefined);
  assert.deepEqual(match("/story/([0-9]+)$", "/story/7"), ["7"]);
  assert.deepEqual(match("^/story", "/story"), []);
  assert.deepEqual(match(/\/story/, "/story/7"), []);
  assert.equal(match(/\/story/, "/my/story"), undefined);
  assert.deepEqual(match(/\/STORY\/(.*)/gi, "/story/7"), ["7"]);
  assert.equal(match("/", "/a"), undefined);
});

test("an alternative matches from the first character too; the $ binds to the last one, as in Python", () => {
  assert.deepEqual(match("/a|/b", "/b"), []);
  assert.equal(match("/a|/b", "/x/b"), undefined);
  assert.equal(match("/a|/b", "/b/c"), undefined);
  assert.deepEqual(match("/a|/b", "/a/c"), []);
});

test("groups are decoded; those with names become one object; one that took no part is undefined", () => {
  assert.deepEqual(match("/(.*)/(.*)", "/a%20b/c%2Fd"), ["a b", "c/d"]);
  assert.deepEqual(match("/(?<id>[0-9]+)/(?<name>.*)", "/7/%C3%A9"), [{ id: "7", name: "é" }]);
  assert.deepEqual(match("/(?P<id>[0-9]+)", "/7"), [{ id: "7" }]);
  assert.deepEqual(match("/a(/b)?", "/a"), [undefined]);
  assert.deepEqual(match("/(a+b)", "/aab"), ["aab"]);
  assert.deepEqual(match("/(.*)", "/100%/%zz%2f%2"), ["100%/%zz/%2"]);
  assert.throws(() => match("/(.*)", "/%ff"), { statusCode: 400 });
});

test("the first route that matches serves, again and again", () => {
  const routes = new Routes([
    ["/a/(.*)", A],
    ["/.*", B, { x: 1 }],
  ]);
  for (let i = 0; i < 2; i++) {
    assert.equal(routes.find("/a/b")?.Handler, A);
    assert.equal(routes.find("/b")?.Handler, B);
    assert.deepEqual(routes.find("/b")?.initialize, { x: 1 });
  }
  assert.equal(routes.find("b"), undefined);
});

test("wrong routes are refused, with what to write instead", () => {
  const wrong: [unknown, RegExp][] = [
    ["/", /routes must be an array, \[\["\/story/],
    [[A], /a route is \[\["\/story.*not a function/],
    [[[5, A]], /a pattern must be a text or a RegExp/],
    [[["/", class {}]], /must extend RequestHandler/],
    [[["/", () => {}]], /must extend RequestHandler/],
    [[["/", A, 5]], /initialize's argument for \/ must be an object/],
    [[["/(a)(?<b>c)", A]], /give all groups of .* a name, or none/],
    [[["/(", A]], /Unterminated group/],
  ];
  for (const [routes, message] of wrong) assert.throws(() => new Application(routes as Route[]), message);
});

test("cookies: what RFC 6265 has, and what Python quotes", () => {
  assert.deepEqual(
    { ...parseCookies('a=1; b="x y"; c=d=e ; a=2; none; =x; __proto__=p; q="\\"\\303\\251\\054"') },
    {
      a: "2",
      b: "x y",
      c: "d=e",
      q: '"é,',
      ["__proto__"]: "p",
    },
  );
  assert.deepEqual({ ...parseCookies(undefined) }, {});
  assert.deepEqual({ ...parseCookies('a="; b="') }, { a: '"', b: '"' });
});

test("cookies: every value that can be set comes back as it was", () => {
  for (const value of ["", "plain", 'quo"te', "back\\slash", "a,b;c", "é€😀", '"quoted"', "a=b", "\\054"]) {
    const header = setCookieHeader("name", value);
    assert.match(header, /^name=[\x21-\x7e]*; Path=\/$/);
    assert.equal(parseCookies(header.slice(0, -"; Path=/".length))["name"], value);
  }
});

test("cookies: each attribute, and none for what is left out", () => {
  const expires = new Date(Date.UTC(2030, 0, 2, 3, 4, 5));
  const all = { domain: "a.example", path: "/p", expires, maxAge: 1.9, httpOnly: true, secure: true } as const;
  assert.equal(
    setCookieHeader("a", "b", { ...all, sameSite: "None" }),
    "a=b; Domain=a.example; Expires=Wed, 02 Jan 2030 03:04:05 GMT; HttpOnly; Max-Age=1; Path=/p; SameSite=None; Secure",
  );
  assert.equal(setCookieHeader("a", "b", { path: "", httpOnly: false, secure: false }), "a=b");
  const [, date] = /Expires=([^;]*);/.exec(setCookieHeader("a", "b", { expiresDays: 30 }))!;
  const days = (Date.parse(date!) - Date.now()) / 86_400_000;
  assert.ok(days > 29.9 && days <= 30);
});

test("cookies: what could become another attribute or header is refused", () => {
  const wrong: [string, string, CookieOptions?][] = [
    ["a b", "c"],
    ["", "c"],
    ["a=b", "c"],
    ["a", "b c"],
    ["a", "b\r\nX: y"],
    ["a", "b", { path: "/; Secure" }],
    ["a", "b", { domain: "a\r\n" }],
    ["a", "b", { sameSite: "Lax; x" as "Lax" }],
    ["a", "b", { expires: new Date(Number.NaN) }],
    ["a", "b", { maxAge: Number.NaN }],
  ];
  for (const [name, value, options] of wrong) {
    assert.throws(() => setCookieHeader(name, value, options), { name: "TypeError", message: /^setCookie: / });
  }
});

// The names of an Express application's spans: the pattern of each route, mount paths included, and never a concrete value.

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { Express as App, RequestHandler, Router } from "express";
import { traced } from "./app.js";
import { VERSIONS, type Version } from "./versions.js";

const ANSWER: RequestHandler = (_request, response) => void response.end("answer");
const PASS: RequestHandler = (_request, _response, next) => next();

/** Requests one after another, and the name that each is to have. */
type Names = readonly (readonly [line: string, name: string])[];

async function named(
  t: TestContext,
  version: Version,
  build: (app: App, router: () => Router) => void,
  names: Names,
): Promise<void> {
  const app = await traced(t, version, (app) => build(app, () => version.express.Router()));
  const found: [string, string][] = [];
  for (const [line] of names) found.push([line, (await app.spanOf(line)).split("  ")[0]!]);
  assert.deepEqual(found, names);
}

for (const version of VERSIONS) {
  const both = (name: string, build: (app: App, router: () => Router) => void, names: Names): void =>
    void test(`${version.name}: ${name}`, (t) => named(t, version, build, names));
  /** A case whose patterns are written as this major version has them. */
  const only = (major: number, ...rest: Parameters<typeof both>): void => {
    if (version.major === major) both(...rest);
  };

  both(
    "routers in routers, with parameters in their mount paths",
    (app, router) => {
      const items = router().get("/", ANSWER).get("/items/:id", ANSWER);
      app.use("/api", PASS, router().use(PASS).use("/orgs/:org", PASS, items));
    },
    [
      ["GET /api/orgs/7/items/8", "GET /api/orgs/:org/items/:id"],
      ["GET /api/orgs/orgs/items/items", "GET /api/orgs/:org/items/:id"],
      ["GET /api/orgs/a%2Fb/items/%C3%BC?page=2", "GET /api/orgs/:org/items/:id"],
      ["GET /api/orgs/7", "GET /api/orgs/:org"],
      ["GET /api/orgs/7/", "GET /api/orgs/:org"],
      ["HEAD /api/orgs/7/items/8", "HEAD /api/orgs/:org/items/:id"],
      ["GET http://example.com/api/orgs/7/items/8", "GET /api/orgs/:org/items/:id"],
    ],
  );

  both(
    "no route of the application: the method alone",
    (app, router) => {
      app.get("/passes", PASS);
      app.post("/posts", ANSWER);
      app.use("/early", (_request, response) => void response.end());
      app.use("/files", version.express.static("docs"));
      app.use("/router", router().get("/passes", PASS).use("/early", ANSWER));
    },
    [
      ["GET /nothing", "GET"],
      ["GET /passes", "GET"],
      ["GET /posts", "GET"],
      ["HEAD /posts", "HEAD"],
      ["OPTIONS /posts", "OPTIONS"],
      ["GET /early/7", "GET"],
      ["GET /files/servers.md", "GET"],
      ["GET /files/none.md", "GET"],
      ["GET /router", "GET"],
      ["GET /router/passes", "GET"],
      ["GET /router/early", "GET"],
    ],
  );

  both(
    "a route that passes a request on has not served it, one that goes on after its answer has",
    (app, router) => {
      app.get("/:a/:b", PASS);
      app.get("/first/:id", (_request, _response, next) => next("route"), ANSWER);
      app.get("/first/:other", ANSWER);
      app.use(
        "/second",
        router()
          .get("/:id", (_request, _response, next) => next("router"))
          .get("/:id", ANSWER),
      );
      app.get("/second/:last", ANSWER);
      app.get("/third/:id", PASS);
      app.use("/third", ANSWER);
      app.get("/fourth/:id", (_request, response, next) => {
        response.end();
        next();
      });
      app.use(PASS);
      app.get("/fourth/:later", PASS);
    },
    [
      ["GET /first/7", "GET /first/:other"],
      ["GET /second/7", "GET /second/:last"],
      ["GET /third/7", "GET"],
      ["GET /fourth/7", "GET /fourth/:id"],
      ["GET /else/7", "GET"],
    ],
  );

  both(
    "siblings that a request passes through leave nothing in its name",
    (app, router) => {
      app.use("/api", PASS);
      app.use("/api", router().get("/other", ANSWER));
      app.use("/:any", router().use("/deeper", router().get("/other", ANSWER)));
      app.use("/api", router().get("/items/:id", ANSWER));
      app.get("/api/plain", ANSWER);
    },
    [
      ["GET /api/items/7", "GET /api/items/:id"],
      ["GET /api/plain", "GET /api/plain"],
      ["GET /api/deeper/other", "GET /:any/deeper/other"],
    ],
  );

  both(
    "one router at two places, applications in applications, closures in between",
    (app, router) => {
      const items = router().get("/items/:id", ANSWER);
      app.use("/one", items);
      app.use("/two/:x", items);
      const admin = version.express();
      const users = version.express();
      users.get("/:user", ANSWER);
      admin.get("/", ANSWER);
      admin.use("/users", users);
      app.use("/admin", admin);
      app.use("/again/:x", admin);
      app.use("/hidden", (request, response, next) => items(request, response, next));
      app.use("/later", async (request, response, next) => {
        await new Promise((resolve) => setImmediate(resolve));
        items(request, response, next);
      });
      app.all("/within/:what", (request, response, next) => {
        router().get("/within/:name", ANSWER)(request, response, next);
      });
    },
    [
      ["GET /one/items/7", "GET /one/items/:id"],
      ["GET /two/2/items/7", "GET /two/:x/items/:id"],
      ["GET /admin", "GET /admin"],
      ["GET /admin/users/7", "GET /admin/users/:user"],
      ["GET /again/2/users/7", "GET /again/:x/users/:user"],
      ["GET /hidden/items/7", "GET /hidden/items/:id"],
      ["GET /later/items/7", "GET /later/items/:id"],
      ["GET /within/7", "GET /within/:name"],
    ],
  );

  both(
    "route(), all(), several paths, regular expressions, and what is not told apart by case or a last slash",
    (app, router) => {
      app.route("/both").all(PASS).get(ANSWER).post(ANSWER);
      app.all("/all/:id", ANSWER);
      app.get(["/a/:id", "/b", "/c/:x/:y"], ANSWER);
      app.use(["/m/:id", "/n/"], router().get("/below/:x", ANSWER));
      app.get(/^\/v(\d+)$/, ANSWER);
      app.get("/literal-:from/:to", ANSWER);
      app.use("/Case", router().get("/Items/:id", ANSWER));
    },
    [
      ["GET /both", "GET /both"],
      ["POST /both/", "POST /both"],
      ["DELETE /all/7", "DELETE /all/:id"],
      ["GET /a/7", "GET /a/:id"],
      ["GET /b", "GET /b"],
      ["GET /c/7/8", "GET /c/:x/:y"],
      ["GET /m/7/below/8", "GET /m/:id/below/:x"],
      ["GET /n/below/8", "GET /n/below/:x"],
      ["GET /v17", "GET /^\\/v(\\d+)$/"],
      ["GET /literal-1/2", "GET /literal-:from/:to"],
      ["GET /Case/Items/7", "GET /Case/Items/:id"],
      ["GET /CASE/ITEMS/7", "GET /Case/Items/:id"],
      ["GET /case/items/7/", "GET /Case/Items/:id"],
    ],
  );

  both(
    "router.param, mergeParams, URLs that a middleware rewrites",
    (app) => {
      const { Router } = version.express;
      const merged = Router({ mergeParams: true });
      merged.param("item", async (_request, _response, next) => {
        await new Promise((resolve) => setImmediate(resolve));
        next();
      });
      merged.get("/items/:item", ANSWER);
      app.param("org", (request, _response, next, id) => {
        request.params["org"] = `org ${id}`;
        next();
      });
      app.use("/orgs/:org", merged);
      app.use("/old", (request, _response, next) => {
        request.url = request.url.replace("/entries", "/items");
        next();
      });
      app.use("/old", merged);
    },
    [
      ["GET /orgs/7/items/8", "GET /orgs/:org/items/:item"],
      ["GET /old/entries/8", "GET /old/items/:item"],
    ],
  );

  only(
    4,
    "patterns of Express 4",
    (app, router) => {
      const below = router().get("/x", ANSWER).get("*", ANSWER);
      app.use("/opt/:a/:b?", below);
      app.use("/ids/:id(\\d+)", below);
      app.use("/files/:name.:ext", below);
      app.use("/flights/:from-:to", below);
      app.use("/ab?cd", below);
      app.use("/star/*/end", below);
      app.use(/^\/re(\d+)/, below);
      app.use(["/p/:q", "/"], router().get("/below/:x", ANSWER));
      app.get("/wild/*", ANSWER);
      app.get("*", ANSWER);
    },
    [
      ["GET /opt/1/x", "GET /opt/:a/:b?*"],
      ["GET /opt/1/2/x", "GET /opt/:a/:b?/x"],
      ["GET /ids/17/x", "GET /ids/:id(\\d+)/x"],
      ["GET /files/a.png/x", "GET /files/:name.:ext/x"],
      ["GET /flights/a-b/x", "GET /flights/:from-:to/x"],
      ["GET /acd/x", "GET /ab?cd/x"],
      ["GET /star/1/2/end/x", "GET /star/*/end/x"],
      ["GET /re17/x", "GET /^\\/re(\\d+)//x"],
      ["GET /p/1/below/2", "GET /p/:q/below/:x"],
      ["GET /below/2", "GET /below/:x"],
      ["GET /wild/1/2", "GET /wild/*"],
      ["GET /else", "GET *"],
    ],
  );

  only(
    5,
    "patterns of Express 5",
    (app, router) => {
      const below = router().get("/x", ANSWER);
      app.use("/opt/:a{/v:b}", below);
      app.use("/files/:name.:ext", below);
      app.use("/star/*path/end", below);
      app.get("/wild/*path", ANSWER);
      app.get("/{*all}", ANSWER);
    },
    [
      ["GET /files/a.png/x", "GET /files/:name.:ext/x"],
      ["GET /star/1/2/end/x", "GET /star/*path/end/x"],
      ["GET /star/3/end/x", "GET /star/*path/end/x"],
      ["GET /wild/1/2", "GET /wild/*path"],
      ["GET /else", "GET /{*all}"],
    ],
  );
}

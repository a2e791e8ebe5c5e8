// Two applications in one process, each traced alone and by its own settings; nothing of Node is patched for the servers.
//
//   npm run example two-apps     then: curl http://127.0.0.1:8080/   and   curl http://127.0.0.1:8081/

import { createServer } from "node:http";
import { ConsoleReporter, Tracer, Tracing, traceServer } from "node-opentracing";

const shopServer = createServer((_request, response) => response.end("shop"));
const adminServer = createServer((_request, response) => response.end("admin"));

const shop = new Tracing(new Tracer({ reporter: new ConsoleReporter() }), { operationName: () => "shop" });
const admin = new Tracing(new Tracer({ reporter: new ConsoleReporter() }), {
  operationName: () => "admin",
  tracedAttributes: ["headers.user-agent"],
});
traceServer(shopServer, shop);
traceServer(adminServer, admin);

const port = Number(process.env["PORT"] ?? 8080);
const adminPort = Number(process.env["ADMIN_PORT"] ?? 8081);
shopServer.listen(port, "127.0.0.1", () => {
  adminServer.listen(adminPort, "127.0.0.1", () => {
    console.log(`curl http://127.0.0.1:${port}/ and http://127.0.0.1:${adminPort}/`);
  });
});

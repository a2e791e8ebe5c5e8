// A Fastify application: nothing but initTracing. Order 0 fails; a key that is missing is answered by a hook.
//
//   npm run example fastify        then: curl -H 'x-key: 1' http://127.0.0.1:8080/api/orders/7   and   /api/orders/0

import fastify from "fastify";
import { ConsoleReporter, initTracing } from "node-opentracing";

// Before the application is made. Remove `reporter` to export over OTLP.
const tracing = initTracing({ serviceName: "orders", reporter: new ConsoleReporter() });

const app = fastify();
app.addHook("onRequest", async (request, reply) => {
  if (request.headers["x-key"] === undefined) return reply.code(401).send("who are you?");
  return undefined;
});

app.register(
  async (api) => {
    api.get<{ Params: { id: string } }>("/orders/:id", async (request) => {
      return tracing.startActiveSpan("load order", () => order(Number(request.params.id)));
    });
  },
  { prefix: "/api" },
);

async function order(id: number): Promise<object> {
  tracing.activeSpan()?.setTag("order.id", id);
  if (id === 0) throw new Error("order 0 is lost");
  return { id, items: ["tea", "cups"] };
}

const port = Number(process.env["PORT"] ?? 8080);
await app.listen({ port, host: "127.0.0.1" });
console.log(`curl -H 'x-key: 1' http://127.0.0.1:${port}/api/orders/7`);

// polka: every request a span, with a name of our own choice.
//
//   npm run example polka        then: curl http://127.0.0.1:8080/orders/1

import { ConsoleReporter, initTracing } from "node-opentracing";
import polka from "polka";

const tracing = initTracing({ serviceName: "polka", reporter: new ConsoleReporter() });

const app = polka();
app.get("/orders/:id", (request, response) => {
  tracing.getSpan(request)?.setOperationName("GET /orders/:id"); // polka tells nobody its patterns
  response.end("an order");
});

const port = Number(process.env["PORT"] ?? 8080);
app.listen(port, "127.0.0.1", () => console.log(`curl http://127.0.0.1:${port}/orders/1`));

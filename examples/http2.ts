// HTTP/2 in the clear: a server that answers by streams, and a client that asks it twice over one session.
//
//   npm run example http2

import { connect, createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { ConsoleReporter, initTracing } from "node-opentracing";

const tracing = initTracing({ serviceName: "streams", reporter: new ConsoleReporter() });

const server = createServer();
server.on("stream", (stream, headers) => {
  tracing.getSpan(stream)?.setTag("path", headers[":path"]);
  stream.respond({ ":status": 200 });
  stream.end(`you asked for ${headers[":path"]}`);
});

server.listen(0, "127.0.0.1", async () => {
  const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  await tracing.startActiveSpan("two requests", async () => {
    await Promise.all(
      ["/a", "/b"].map(async (path) => {
        let text = "";
        for await (const chunk of session.request({ ":path": path })) text += chunk;
        console.log(text);
      }),
    );
  });
  session.close();
  server.close();
  await tracing.close();
});

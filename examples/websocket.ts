// WebSockets with ws: one span from the upgrade to the end of the session; each message a span of its own, because this application says so.
//
//   npm run example websocket     then: open a WebSocket on ws://127.0.0.1:8080/chat and send something

import { createServer } from "node:http";
import { ConsoleReporter, initTracing } from "node-opentracing";
import { WebSocketServer } from "ws";

const tracing = initTracing({ serviceName: "chat", reporter: new ConsoleReporter() });

const server = createServer((_request, response) => response.end("this is a WebSocket server"));
const sockets = new WebSocketServer({ server, path: "/chat" });

sockets.on("connection", (socket, request) => {
  tracing.bindEmitter(socket, tracing.getSpan(request)); // from here on, listeners run in the session's span
  socket.on("message", (data) => {
    tracing.startActiveSpan("message", () => socket.send(`you said ${data}`));
  });
});

const port = Number(process.env["PORT"] ?? 8080);
server.listen(port, "127.0.0.1", () => console.log(`ws://127.0.0.1:${port}/chat`));

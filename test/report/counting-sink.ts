// A back end in a process of its own: decodes what it gets with OpenTelemetry's definitions and counts the spans.

import http from "node:http";
import { countSpans } from "./otlp-decoder.js";

let spans = 0;
const server = http.createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    if (request.method === "POST") {
      spans += countSpans(Buffer.concat(chunks));
      response.end();
    } else {
      response.end(String(spans));
    }
  });
});
server.listen(0, "127.0.0.1", () => process.send!(server.address()));
process.on("disconnect", () => process.exit());

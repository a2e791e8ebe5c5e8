// The application of docs/back-ends.md: one request to itself, of which it prints the trace id.

import http from "node:http";

const server = http.createServer((request, response) => response.end(request.headers.traceparent));
server.listen(0, "127.0.0.1", async () => {
  const answer = await fetch(`http://127.0.0.1:${server.address().port}/`);
  console.log((await answer.text()).split("-")[1]);
  server.close();
});

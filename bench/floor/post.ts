// How the floor sends: by Node's own client, over two connections that are kept.

import type http from "node:http";

/** Makes what posts a body to a sink, with node:http as it is at this moment. Its promise is kept when the answer has been read. */
export function posterTo(sink: number, { Agent, request }: typeof http): (body: Buffer) => Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 2 });
  return (body) =>
    new Promise((resolve, reject) => {
      const headers = { "content-type": "application/x-protobuf", "content-length": body.length };
      const post = request({ host: "127.0.0.1", port: sink, path: "/v1/traces", method: "POST", agent, headers });
      post.on("response", (response) => response.resume().on("end", resolve));
      post.on("error", reject);
      post.end(body);
    });
}

// A handler that asks another server by fetch, by http.request, or twice, by both.

import { requireFramework as require } from "../places.ts";
import type { Serve } from "./workload.ts";

export const serve: Serve = ({ count, upstream, option }) => {
  // 1 is fetch, 2 is http.request, 3 both.
  const [byFetch, byRequest] = [(option & 1) !== 0, (option & 2) !== 0];
  const http: typeof import("node:http") = require("node:http");
  const agent = new http.Agent({ keepAlive: true, maxSockets: 64 });
  const base = `http://127.0.0.1:${upstream}`;

  function get(path: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const request = http.request({ host: "127.0.0.1", port: upstream, path, agent }, (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (part: string) => {
          text += part;
        });
        response.on("end", () => resolve(text));
        response.on("error", reject);
      });
      request.on("error", reject);
      request.end();
    });
  }

  return http.createServer(async (_request, response) => {
    count();
    try {
      const a = byFetch ? fetch(`${base}/a`).then((answer) => answer.text()) : "";
      const b = byRequest ? get("/b") : "";
      response.setHeader("content-type", "text/plain");
      response.end((await Promise.all([a, b])).join(""));
    } catch (error) {
      response.writeHead(500).end(String(error));
    }
  });
};

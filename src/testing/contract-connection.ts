// One connection to a server under contract, over HTTP/1.1 or HTTP/2: the cases are the same.

import http2, { type ClientHttp2Session, type ClientHttp2Stream, type IncomingHttpHeaders } from "node:http2";
import type { Socket } from "node:net";
import { untraced } from "../untraced.ts";
import { openSocket, RawClient } from "./raw-client.ts";

/** What a case does to a connection. */
export interface ContractConnection {
  /** All answers so far as text: status line, headers, body. */
  readonly received: string;
  /** Sends a request. One whose body is shorter than its `content-length` goes on with `more`. */
  send(method: string, path: string, headers?: Readonly<Record<string, string>>, body?: string): this;
  /** Sends the rest of the last request's body. */
  more(body: string): this;
  /** Resolves with all that was received once it contains `text`. Rejects where the connection closes before. */
  until(text: string): Promise<string>;
  /** Resolves with all that was received once there is nothing more to come. */
  end(): Promise<string>;
  /** Closes the connection in good order (FIN). */
  leave(): void;
  /** Breaks the connection (RST). */
  reset(): void;
}

/** Connects to 127.0.0.1; with `secure` over TLS, whoever signed the certificate. */
export async function connectTo(
  port: number,
  secure: boolean,
  protocol: "http/1.1" | "h2",
): Promise<ContractConnection> {
  if (protocol === "http/1.1") return new Http1Connection(await RawClient.connect(port, secure));
  const { raw, socket } = await openSocket(port, secure, ["h2"]);
  return new Http2Connection(`${secure ? "https" : "http"}://127.0.0.1:${port}`, raw, socket);
}

class Http1Connection implements ContractConnection {
  readonly #client: RawClient;

  constructor(client: RawClient) {
    this.#client = client;
  }

  get received(): string {
    return this.#client.received;
  }

  send(method: string, path: string, headers: Readonly<Record<string, string>> = {}, body = ""): this {
    const lines = Object.entries({ host: "contract.example", ...headers }).map(([name, value]) => `${name}: ${value}`);
    this.#client.send([`${method} ${path} HTTP/1.1`, ...lines, "", body].join("\r\n"));
    return this;
  }

  more(body: string): this {
    this.#client.send(body);
    return this;
  }

  until(text: string): Promise<string> {
    return this.#client.until(text);
  }

  end(): Promise<string> {
    return this.#client.end();
  }

  leave(): void {
    this.#client.leave();
  }

  reset(): void {
    this.#client.reset();
  }
}

class Http2Connection implements ContractConnection {
  received = "";
  readonly #raw: Socket;
  readonly #socket: Socket;
  readonly #session: ClientHttp2Session;
  readonly #changed: (() => void)[] = [];
  #stream: ClientHttp2Stream | undefined;
  /** How many bytes of the last request's body are still to come. */
  #missing = 0;
  #open = 0;

  constructor(origin: string, raw: Socket, socket: Socket) {
    this.#raw = raw;
    this.#socket = socket;
    this.#session = http2.connect(origin, { createConnection: () => socket });
    // A reset is an end like any other here.
    this.#session.on("error", () => {});
  }

  send(method: string, path: string, headers: Readonly<Record<string, string>> = {}, body = ""): this {
    const fields = { ":method": method, ":path": path, ":authority": "contract.example", ...headers };
    this.#missing = Number(headers["content-length"] ?? 0);
    const stream = untraced(() => this.#session.request(fields, { endStream: this.#missing === 0 }));
    this.#stream = stream;
    this.#open++;
    stream.setEncoding("latin1");
    stream.on("response", (answer) => this.#add(headOf(answer)));
    stream.on("data", (text: string) => this.#add(text));
    stream.on("error", () => {});
    stream.on("close", () => {
      this.#open--;
      this.#add("");
    });
    return body === "" ? this : this.more(body);
  }

  more(body: string): this {
    this.#missing -= body.length;
    if (this.#missing > 0) this.#stream!.write(body, "latin1");
    else this.#stream!.end(body, "latin1");
    return this;
  }

  async until(text: string): Promise<string> {
    while (!this.received.includes(text)) {
      if (this.#open === 0) throw new Error(`the streams closed before ${JSON.stringify(text)}: ${this.received}`);
      await new Promise<void>((resolve) => this.#changed.push(resolve));
    }
    return this.received;
  }

  async end(): Promise<string> {
    while (this.#open > 0) await new Promise<void>((resolve) => this.#changed.push(resolve));
    return this.received;
  }

  leave(): void {
    this.#socket.end();
  }

  reset(): void {
    // What the session has still to write would be followed by an end in good order.
    setImmediate(() => this.#raw.resetAndDestroy());
  }

  #add(text: string): void {
    this.received += text;
    for (const resolve of this.#changed.splice(0)) resolve();
  }
}

function headOf(headers: IncomingHttpHeaders): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/2 ${headers[":status"]}\r\n${lines.join("")}\r\n`;
}

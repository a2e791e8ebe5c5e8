// A client that sends bytes as they are and breaks connections on demand: what no tracing of clients touches.

import { once } from "node:events";
import net, { type Socket } from "node:net";
import tls from "node:tls";

/** One connection to 127.0.0.1. What it receives is kept as text. */
export class RawClient {
  /** All that was received so far. */
  received = "";
  readonly #raw: Socket;
  readonly #socket: Socket;
  readonly #changed: (() => void)[] = [];
  #closed = false;

  private constructor(raw: Socket, socket: Socket) {
    this.#raw = raw;
    this.#socket = socket;
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => {
      this.received += text;
      this.#wake();
    });
    // A reset is an end like any other here.
    for (const one of new Set([raw, socket])) one.on("error", () => {});
    socket.on("close", () => {
      this.#closed = true;
      this.#wake();
    });
  }

  /** Connects; with `secure` over TLS, whoever signed the certificate. */
  static async connect(port: number, secure = false): Promise<RawClient> {
    const { raw, socket } = await openSocket(port, secure);
    return new RawClient(raw, socket);
  }

  send(text: string): this {
    this.#socket.write(text, "latin1");
    return this;
  }

  /** Resolves with all that was received once it contains `text`. Rejects where the connection closes before. */
  async until(text: string): Promise<string> {
    while (!this.received.includes(text)) {
      if (this.#closed) throw new Error(`the connection closed before ${JSON.stringify(text)}: ${this.received}`);
      await new Promise<void>((resolve) => this.#changed.push(resolve));
    }
    return this.received;
  }

  /** Resolves with all that was received once the connection is closed. */
  async end(): Promise<string> {
    while (!this.#closed) await new Promise<void>((resolve) => this.#changed.push(resolve));
    return this.received;
  }

  /** Closes the connection in good order (FIN). */
  leave(): void {
    // Not destroy(): with bytes unread, such as a TLS session ticket, that would be a reset.
    this.#socket.end();
  }

  /** Breaks the connection (RST). */
  reset(): void {
    this.#raw.resetAndDestroy();
  }

  #wake(): void {
    for (const resolve of this.#changed.splice(0)) resolve();
  }
}

/** Connects to 127.0.0.1; with `secure` over TLS, whoever signed the certificate. `raw` is the bare connection. */
export async function openSocket(
  port: number,
  secure: boolean,
  protocols?: string[],
): Promise<{ readonly raw: Socket; readonly socket: Socket }> {
  const raw = net.connect(port, "127.0.0.1");
  await once(raw, "connect");
  if (!secure) return { raw, socket: raw };
  const socket = tls.connect({
    socket: raw,
    rejectUnauthorized: false,
    ...(protocols !== undefined && { ALPNProtocols: protocols }),
  });
  await once(socket, "secureConnect");
  return { raw, socket };
}

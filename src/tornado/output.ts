// What a handler writes: kept until it is flushed, then sent through Node's response.

import type { ServerResponse } from "node:http";
import { StreamClosedError } from "./stream-closed-error.ts";

/** The output of one handler. */
export class Output {
  readonly #outgoing: ServerResponse;
  /** Rejects those who wait for bytes to leave. */
  readonly #waiting = new Set<() => void>();
  readonly #cookies = new Map<string, string>();
  #chunks: Buffer[] = [];
  /** Bytes of the body that Content-Length says are still to come; undefined where it says nothing. */
  #announced: number | undefined;
  isFinished = false;

  constructor(outgoing: ServerResponse) {
    this.#outgoing = outgoing;
  }

  /** From now on notices that the connection closes, and calls `left` where that is before the response is finished. */
  watch(left: () => void): void {
    this.#outgoing.once("close", () => {
      for (const failed of this.#waiting) failed();
      this.#waiting.clear();
      if (!this.isFinished) left();
    });
  }

  /** Whether status and headers have left, or are on their way: they can be changed no more. */
  get headersWritten(): boolean {
    return this.#outgoing.headersSent;
  }

  /** What was written and not flushed. */
  get chunks(): readonly Buffer[] {
    return this.#chunks;
  }

  append(chunk: Buffer): void {
    this.#chunks.push(chunk);
  }

  /** Forgets what was written and not flushed. */
  discard(): void {
    this.#chunks = [];
  }

  /** Sets a cookie once the headers leave, in place of one of the same name. */
  setCookie(name: string, header: string): void {
    this.#cookies.set(name, header);
  }

  /**
   * Sends what was written. Rejects with StreamClosedError where that cannot be; who does not wait need not care.
   *
   * @throws Error where it is more than Content-Length says
   */
  flush(): Promise<void> {
    this.#count(false);
    const chunk = this.#taken();
    return this.#sent((done) => {
      if (chunk !== undefined) this.#outgoing.write(chunk, done);
      else {
        this.#outgoing.flushHeaders();
        done();
      }
    });
  }

  /**
   * Sends what is left, and ends the response. The same promise.
   *
   * @throws Error where the body is not as long as Content-Length says. If that has left already, the connection is closed:
   *   the client would take the next response for a part of this one
   */
  end(): Promise<void> {
    this.#count(true);
    const chunk = this.#taken();
    this.isFinished = true;
    return this.#sent((done) => this.#outgoing.end(chunk, done as () => void));
  }

  #count(isLast: boolean): void {
    if (!this.headersWritten) this.#announced = announcedBy(this.#outgoing);
    if (this.#announced === undefined) return;
    const length = this.#chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    if (length < this.#announced ? !isLast : length === this.#announced) {
      this.#announced -= length;
      return;
    }
    if (isLast && this.headersWritten) {
      this.isFinished = true;
      this.#outgoing.destroy();
    }
    throw new Error(
      `The body is not as long as Content-Length says: ${length} bytes where there should be ${this.#announced}`,
    );
  }

  #taken(): Buffer | undefined {
    if (!this.headersWritten) {
      for (const header of this.#cookies.values()) this.#outgoing.appendHeader("Set-Cookie", header);
    }
    const chunks = this.#chunks;
    this.#chunks = [];
    if (chunks.length === 0) return undefined;
    return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
  }

  #sent(send: (done: (error?: Error | null) => void) => void): Promise<void> {
    const sent = new Promise<void>((resolve, reject) => {
      const failed = (): void => reject(new StreamClosedError());
      if (this.#outgoing.destroyed) return failed();
      this.#waiting.add(failed);
      send((error) => {
        this.#waiting.delete(failed);
        if (error) failed();
        else resolve();
      });
    });
    sent.catch(() => {});
    return sent;
  }
}

/** What Content-Length says of the body that is sent: nothing where there is none whatever it says (RFC 9110, section 8.6). */
function announcedBy(outgoing: ServerResponse): number | undefined {
  const length = outgoing.getHeader("Content-Length");
  if (length === undefined || outgoing.req.method === "HEAD" || outgoing.statusCode === 304) return undefined;
  return Number(length);
}

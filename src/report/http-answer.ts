// Reads a back end's answer from the bytes of a connection, as much of it as is worth reading.

import { isHeaderName, isHeaderValue } from "../header.ts";

export interface Answer {
  /** The HTTP status. */
  readonly code: number;
  /** The media type, in lower case and without parameters. */
  readonly contentType: string;
  /** The body; undefined where it was cut short, or too long to be meant for us. */
  readonly body: Buffer | undefined;
  /** The header Retry-After as it came. */
  readonly retryAfter: string | undefined;
}

/** Bytes of an answer's body that are read. OTLP's answers have some hundred. */
const MAX_BODY = 64 * 1024;
/** Bytes of a head, of all that chunks say besides their sizes, and of the trailers: as much as Node reads. */
const MAX_HEAD = 16 * 1024;

const NOTHING = Buffer.alloc(0);
const HTTP_1 = "HTTP/1.";
const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: |$)/;

/** A body's length: in the head, in front of each chunk, or told by the connection's end. RFC 9112, section 6.3. */
type Framing = "length" | "chunks" | "end";

/** One answer to a POST, HTTP/1.1 or 1.0: RFC 9112. Informational answers before it are passed over. */
export class AnswerReader {
  /** What has come and is not read yet. */
  #bytes: Buffer = NOTHING;
  #code = 0;
  #headers = new Map<string, string>();
  #framing: Framing | undefined;
  /** Bytes of the body, or of the chunk with its line end, that are still to come. */
  #left = 0;
  #isInChunk = false;
  #isInTrailers = false;
  /** Bytes of what chunks have said besides their sizes. */
  #extensions = 0;
  #body: Buffer[] = [];
  #length = 0;
  #isPersistent = false;
  #isWhole = false;

  /**
   * Takes the next bytes. Answers true when no more are wanted: the answer is whole, or is too long.
   * @throws Error where this is no HTTP/1 answer
   */
  read(bytes: Buffer): boolean {
    this.#bytes = this.#bytes.length === 0 ? bytes : Buffer.concat([this.#bytes, bytes]);
    while (this.#framing === undefined) if (!this.#readHead()) return false;
    this.#isWhole = this.#framing === "chunks" ? this.#readChunks() : this.#readPlain();
    return this.#isWhole || this.#length > MAX_BODY;
  }

  /** Says that no more bytes come. */
  end(): void {
    if (this.#framing === "end") this.#isWhole = true;
  }

  /** What has come so far; undefined before the whole head has. */
  get answer(): Answer | undefined {
    if (this.#framing === undefined) return undefined;
    return {
      code: this.#code,
      contentType: (this.#headers.get("content-type") ?? "").split(";", 1)[0]!.trim().toLowerCase(),
      body: this.#isWhole && this.#length <= MAX_BODY ? Buffer.concat(this.#body) : undefined,
      retryAfter: this.#headers.get("retry-after"),
    };
  }

  /** Whether another request may follow on the connection. */
  get leavesConnection(): boolean {
    return this.#isWhole && this.#isPersistent && this.#framing !== "end" && this.#bytes.length === 0;
  }

  /** Seconds after which the back end closes an idle connection, where it says so: "Keep-Alive: timeout=5". */
  get idleSeconds(): number | undefined {
    const [, seconds] = /(?:^|[\s,;])timeout=(\d+)/i.exec(this.#headers.get("keep-alive") ?? "") ?? [];
    return seconds === undefined ? undefined : Number(seconds);
  }

  /** Reads a head, where all of it is there. */
  #readHead(): boolean {
    const end = this.#find("\r\n\r\n", "a head without end");
    // What speaks another language may never send what ends a head.
    if (!HTTP_1.startsWith(this.#bytes.toString("latin1", 0, HTTP_1.length))) throw new Error("no status line");
    if (end < 0) {
      if (/(?:^|[^\r])\n/.test(this.#bytes.toString("latin1"))) throw new Error("a line that ends without CR");
      return false;
    }
    const [first, ...lines] = this.#take(end + 4)
      .toString("latin1", 0, end)
      .split("\r\n");
    const [, minor, code] = STATUS_LINE.exec(first!) ?? [];
    if (code === undefined) throw new Error("no status line");
    this.#code = Number(code);
    this.#headers = headersIn(lines);
    if (this.#code === 101) throw new Error("a switch of protocols that nobody asked for");
    if (this.#code < 200) return true;

    const connection = this.#headers.get("connection")?.toLowerCase() ?? "";
    const isKept = minor === "1" || connection.includes("keep-alive");
    this.#isPersistent = isKept && !connection.includes("close");
    this.#framing = this.#chooseFraming();
    // HTTP/1.0 knows no chunks: section 6.1.
    if (minor === "0" && this.#framing === "chunks") this.#isPersistent = false;
    return true;
  }

  #chooseFraming(): Framing {
    const length = this.#headers.get("content-length");
    const coding = this.#headers.get("transfer-encoding");
    if (this.#code === 204 || this.#code === 304) return "length";
    if (coding !== undefined) {
      if (length !== undefined) throw new Error("a length and a transfer coding");
      return /(?:^|[\s,])chunked\s*$/i.test(coding) ? "chunks" : "end";
    }
    if (length === undefined) return "end";
    if (!/^\d{1,15}$/.test(length)) throw new Error("a length that is none");
    this.#left = Number(length);
    return "length";
  }

  /** Answers whether the body has ended. */
  #readPlain(): boolean {
    this.#keep(this.#take(this.#framing === "end" ? this.#bytes.length : this.#left));
    return this.#framing === "length" && this.#left === 0;
  }

  /** Section 7.1. Answers whether the last chunk and the trailers have come. */
  #readChunks(): boolean {
    while (!this.#isInTrailers) {
      if (this.#isInChunk) {
        const isAll = this.#bytes.length >= this.#left + 2;
        this.#keep(this.#take(Math.min(this.#left, this.#bytes.length)));
        if (!isAll) return false;
        if (this.#take(2).toString("latin1") !== "\r\n") throw new Error("a chunk longer than it says");
        this.#isInChunk = false;
      }
      const end = this.#find("\r\n", "a chunk's line without end");
      if (end < 0) return false;
      const [, size] = /^([\da-f]{1,12})[ \t]*(?:;|$)/i.exec(this.#bytes.toString("latin1", 0, end)) ?? [];
      if (size === undefined) throw new Error("a chunk without size");
      this.#extensions += end - size.length;
      if (this.#extensions > MAX_HEAD) throw new Error("chunks with too much to say");
      this.#left = Number.parseInt(size, 16);
      this.#take(end + 2);
      this.#isInChunk = this.#left > 0;
      this.#isInTrailers = this.#left === 0;
    }
    return this.#readTrailers();
  }

  /** Passes over what follows the last chunk's line, where all of it is there. */
  #readTrailers(): boolean {
    if (this.#bytes.toString("latin1", 0, 2) === "\r\n") {
      this.#take(2);
      return true;
    }
    const end = this.#find("\r\n\r\n", "trailers without end");
    if (end >= 0) this.#take(end + 4);
    return end >= 0;
  }

  /** Where a text begins; -1 where it has not come yet. @throws Error where it does not come in time */
  #find(text: string, failure: string): number {
    const at = this.#bytes.indexOf(text);
    if ((at < 0 ? this.#bytes.length - text.length + 1 : at) > MAX_HEAD) throw new Error(failure);
    return at;
  }

  /** Takes so many of the bytes, or all that there are. */
  #take(length: number): Buffer {
    const taken = this.#bytes.subarray(0, length);
    this.#bytes = this.#bytes.subarray(length);
    return taken;
  }

  #keep(part: Buffer): void {
    this.#left -= part.length;
    this.#length += part.length;
    if (this.#length <= MAX_BODY) this.#body.push(part);
  }
}

/** Field lines, names in lower case; those of one name are a list. Section 5. */
function headersIn(lines: readonly string[]): Map<string, string> {
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(colon, 0)).toLowerCase();
    const value = line.slice(colon + 1);
    if (!isHeaderName(name) || !isHeaderValue(value)) throw new Error("a header that is none");
    const before = headers.get(name);
    headers.set(name, before === undefined ? value.trim() : `${before}, ${value.trim()}`);
  }
  return headers;
}

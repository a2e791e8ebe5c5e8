// What our reader makes of answers is what Node's own client makes of them, however they are cut into packets.

import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import net, { type AddressInfo } from "node:net";
import { test } from "node:test";
import { type Answer, AnswerReader } from "#src/report/http-answer.js";
import { type SeededRandom, seededRandom } from "#src/testing/seeded-random.js";

const ROUNDS = 400;

test(`${ROUNDS} answers are read as Node's client reads them`, async (t) => {
  let raw = "";
  const server = net.createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.end(raw, "latin1"));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;

  for (let seed = 1; seed <= ROUNDS; seed++) {
    const random = seededRandom(seed);
    raw = randomAnswer(random);
    const ours = readInPieces(Buffer.from(raw, "latin1"), random);
    assert.deepEqual(ours, await readByNode(port), JSON.stringify(raw));
  }
});

test("whether another request may follow", () => {
  const follows = (raw: string) => {
    const reader = new AnswerReader();
    reader.read(Buffer.from(raw));
    return reader.leavesConnection;
  };
  assert.equal(follows("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), true);
  assert.equal(follows("HTTP/1.1 204 No Content\r\n\r\n"), true);
  assert.equal(follows("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), true);
  assert.equal(follows("HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 0\r\n\r\n"), true);
  assert.equal(follows("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"), false);
  assert.equal(follows("HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 0\r\n\r\n"), false);
  assert.equal(follows("HTTP/1.1 200 OK\r\n\r\n"), false);
  assert.equal(follows("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nx"), false);
  assert.equal(follows("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP/1.1 200 OK"), false);
});

test("what is no HTTP/1 answer is refused", () => {
  for (const raw of [
    "SSH-2.0-OpenSSH_9.2\r\n",
    "S",
    "HTTP/1.1 200 OK\ncontent-length: 0\n\n",
    "HTTP/2 200 OK\r\n\r\n",
    "HTTP/1.1 20 OK\r\n\r\n",
    "HTTP/1.1 101 Switching Protocols\r\n\r\n",
    "HTTP/1.1 200 OK\r\nno header\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nsize\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxx\r\n",
    "HTTP/1.1 200 OK\r\nx: a\nb\r\n\r\n",
  ]) {
    assert.throws(() => new AnswerReader().read(Buffer.from(raw)), Error, raw.slice(0, 80));
  }
});

test("heads, chunks' extensions and trailers are read up to 16 KiB, however they are cut", () => {
  const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  const parts: [string, number, (filling: string) => string][] = [
    ["head", 20, (filling) => `HTTP/1.1 200 OK\r\nx: ${filling}\r\n\r\n`],
    ["extension", 2, (filling) => `${chunked}0;${filling}\r\n\r\n`],
    ["extensions", 2, (filling) => `${chunked}1;${filling}\r\nx\r\n0;\r\n\r\n`],
    ["trailers", 3, (filling) => `${chunked}0\r\nx: ${filling}\r\n\r\n`],
  ];
  for (const [what, own, of] of parts) {
    for (const size of [1, 1_000, 100_000]) {
      const read = (length: number) => () => readAll(Buffer.from(of("y".repeat(length))), size);
      assert.equal(read(16_384 - own)()?.code, 200, what);
      assert.throws(read(16_384 - own + 1), Error, what);
    }
  }
});

test("a head that is all blanks takes no longer than another", () => {
  for (const end of ["", "\n", "y"]) {
    const before = performance.now();
    try {
      readAll(Buffer.from(`HTTP/1.1 200 OK\r\nx: y${" ".repeat(16_000)}${end}\r\n\r\n`), 100_000);
    } catch {
      assert.equal(end, "\n"); // a bare line feed is refused
    }
    assert.ok(performance.now() - before < 1_000, JSON.stringify(end));
  }
});

test("a body is read up to 64 KiB, and no further", () => {
  for (const [size, isKept] of [
    [65_536, true],
    [65_537, false],
  ] as const) {
    const body = "x".repeat(size);
    for (const raw of [
      `HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n${body}`,
      `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${size.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
    ]) {
      const reader = new AnswerReader();
      assert.equal(reader.read(Buffer.from(raw)), true);
      assert.equal(reader.answer?.body?.length, isKept ? size : undefined);
      assert.equal(reader.answer?.code, 200);
    }
  }
});

function randomAnswer(random: SeededRandom): string {
  const oneOf = <T>(...choices: T[]): T => random.pick(choices);
  const body = Array.from({ length: oneOf(0, 1, 30, 3_000) }, () => String.fromCharCode(random.integer(256))).join("");
  const informational = oneOf(
    "",
    "",
    "HTTP/1.1 100 Continue\r\n\r\n",
    "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n",
  );
  const status = oneOf("200 OK", "202 Accepted", "204 No Content", "400 ", "429 Too Many Requests", "503 x y");
  const lines = [
    oneOf("Content-Type: application/json; charset=utf-8", "CONTENT-TYPE:application/x-protobuf", "x-none: "),
    oneOf("Retry-After: 7", "retry-after:\tWed, 21 Oct 2099 07:28:00 GMT ", "x: \xe9\xff"),
    oneOf("Connection: close", "Connection: keep-alive", "Keep-Alive: timeout=5, max=3"),
  ];
  const framing = status.startsWith("204") ? "none" : oneOf("length", "chunks", "end", "cut length", "cut chunks");
  if (framing.endsWith("length")) lines.push(`${oneOf("Content-Length", "content-length")}: ${body.length}`);
  if (framing.endsWith("chunks")) lines.push(`Transfer-Encoding: ${oneOf("chunked", "Chunked")}`);
  const head = `${informational}HTTP/1.1 ${status}\r\n${lines.join("\r\n")}\r\n\r\n`;
  if (framing === "none") return head;
  const framed = framing.endsWith("chunks") ? inChunks(body, random) : body;
  return head + (framing.startsWith("cut") ? framed.slice(0, random.integer(framed.length + 1)) : framed);
}

function inChunks(body: string, random: SeededRandom): string {
  let result = "";
  for (let at = 0; at < body.length; ) {
    const chunk = body.slice(at, at + 1 + random.integer(900));
    const size = chunk.length.toString(16);
    result += `${random.integer(2) === 0 ? size : `0${size.toUpperCase()};name=value`}\r\n${chunk}\r\n`;
    at += chunk.length;
  }
  return `${result}0\r\n${random.integer(3) === 0 ? "trailer: 1\r\nother: 2\r\n" : ""}\r\n`;
}

function readInPieces(raw: Buffer, random: SeededRandom): Answer | undefined {
  return readAll(raw, random.pick([1, 7, 500, raw.length]));
}

/** Reads it in pieces of a size. */
function readAll(raw: Buffer, size: number): Answer | undefined {
  const reader = new AnswerReader();
  let isDone = false;
  for (let at = 0; at < raw.length && !isDone; at += size) isDone = reader.read(raw.subarray(at, at + size));
  if (!isDone) reader.end();
  return reader.answer;
}

function readByNode(port: number): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = http.request({ port, host: "127.0.0.1", method: "POST", agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("error", () => {});
      response.on("close", () => {
        const { headers, statusCode, complete } = response;
        resolve({
          code: statusCode!,
          contentType: (headers["content-type"] ?? "").split(";")[0]!.toLowerCase(),
          body: complete ? Buffer.concat(chunks) : undefined,
          retryAfter: headers["retry-after"],
        });
      });
    });
    request.on("error", reject);
    request.end("spans");
  });
}

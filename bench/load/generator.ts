// Our own load generator: keep-alive connections over bare sockets, one request at a time on each. At a given rate the time of an answer counts
// from when its request was due, so that a server that stalls is not spared the requests it kept from being sent.

import { connect, type Socket } from "node:net";
import { quantile } from "../statistics.ts";
import { isWhole } from "./answer.ts";
import type { Generated } from "./load.ts";

const { port, path, headers = {}, connections, seconds, rate } = JSON.parse(process.argv[2]!) as Generated;
const lines = Object.entries({ host: `127.0.0.1:${port}`, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
const request = Buffer.from(`GET ${path} HTTP/1.1\r\n${lines.join("")}\r\n`);

/** Milliseconds at the beginning of a paced run that do not count: this program is not compiled yet, and is late itself. */
const WARM_UP = rate === undefined ? 0 : 1000;

const times: number[] = [];
/** How long after they were due requests were seen to be, whether a connection was idle or not. */
const late: number[] = [];
const idle: Connection[] = [];
/** When the requests that found no idle connection were due. */
const waiting: number[] = [];
let failed = 0;
let isOver = false;

class Connection {
  readonly #socket: Socket;
  /** When the request that is not answered yet was due, NaN while there is none. */
  #due = Number.NaN;
  /** What came of the answer that is not complete. */
  #received = "";

  constructor() {
    this.#socket = connect(port, "127.0.0.1");
    this.#socket.setNoDelay(true);
    this.#socket.on("data", (chunk: Buffer) => this.#read(chunk.toString("latin1")));
    this.#socket.on("error", () => failed++);
    this.#socket.on("close", () => (isOver ? undefined : failed++));
  }

  send(due: number): void {
    this.#due = due;
    this.#socket.write(request);
  }

  /** Closes it, and says when the request was due that is not answered. */
  end(): number {
    this.#socket.destroy();
    return this.#due;
  }

  #read(chunk: string): void {
    this.#received += chunk;
    if (!isWhole(this.#received)) return;
    if (!this.#received.startsWith("HTTP/1.1 2")) failed++;
    this.#received = "";
    if (isOver) return;
    if (this.#due >= started + WARM_UP) times.push(performance.now() - this.#due);
    this.#due = Number.NaN;
    const due = rate === undefined ? performance.now() : waiting.shift();
    if (due === undefined) idle.push(this);
    else this.send(due);
  }
}

const all = Array.from({ length: connections }, () => new Connection());
const started = performance.now();
let sent = 0;
if (rate === undefined) for (const one of all) one.send(started);
else idle.push(...all);
step();

/** At a rate: sends what has become due. A busy loop, for timers are too coarse. */
function step(): void {
  const now = performance.now();
  if (now - started >= WARM_UP + seconds * 1000) {
    isOver = true;
    const answered = times.length;
    // A server that is behind is not spared what it has not answered, or not even been asked yet.
    const unanswered = all.map((one) => one.end());
    for (const due of [...waiting, ...unanswered]) if (due >= started + WARM_UP) times.push(now - due);
    const whole = {
      rate: answered / seconds,
      p99: quantile(times, 0.99),
      late: late.length === 0 ? 0 : quantile(late, 0.99),
      failed,
    };
    process.stdout.write(JSON.stringify(whole));
    return;
  }
  if (rate === undefined) {
    setTimeout(step, 10);
    return;
  }
  for (; sent < ((now - started) * rate) / 1000; sent++) {
    const due = started + (sent * 1000) / rate;
    if (due >= started + WARM_UP) late.push(performance.now() - due);
    const one = idle.pop();
    if (one === undefined) waiting.push(due);
    else one.send(due);
  }
  setImmediate(step);
}

// Collects encoded spans into batches and sends them: what the reporters that post have in common.

import { AsyncResource } from "node:async_hooks";
import { warn } from "../diagnostics.ts";
import { LONGEST_WAIT } from "../settings.ts";
import { ByteBuffer, type Run } from "./byte-buffer.ts";
import type { Delivery } from "./http-sender.ts";
import type { FinishedSpan, Reporter } from "./reporter.ts";
import type { SpanEncoder } from "./span-encoder.ts";

export interface BatchSettings {
  /** Milliseconds that a span waits at most for its batch to fill. */
  readonly scheduleDelay: number;
  /** Spans that are held at most, those on their way to the back end included. */
  readonly maxQueueSize: number;
  /** Spans of one request. */
  readonly maxExportBatchSize: number;
  /** Milliseconds that `flush` and `close` take at most. */
  readonly flushLimit: number;
}

/** The part of `HttpSender` that is needed here. */
export interface BatchSender {
  send(body: readonly Uint8Array[]): Promise<Delivery>;
  hurry(): () => void;
  close(): void;
}

/** Learns what the back end made of a batch of so many spans. */
export type DeliveryReader = (delivery: Delivery & { readonly status: "delivered" }, spans: number) => void;

/** A batch that is full, or on its way. */
interface Batch {
  readonly bytes: Uint8Array;
  readonly spans: number;
  readonly runs: readonly Run[] | undefined;
  /** What `bytes` are part of, to be used again afterwards. */
  readonly buffer: ByteBuffer | undefined;
  /** Called when the batch has been delivered or given up. */
  readonly waiters: (() => void)[];
}

/** Requests at a time. More than one, or a back end that is 10 ms away would limit us to 51,200 spans a second. */
const MAX_SENDING = 4;
/** Bytes of spans in one request: a batch that reaches this is sent before it is full. */
const MAX_BATCH_BYTES = 1024 * 1024;
/** Bytes of encoded spans that are held at most. */
const MAX_HELD_BYTES = 32 * 1024 * 1024;
/** Empty buffers that are kept for the next batches: as many as a full queue fills, for V8 collects everything where many come and go. */
const MAX_POOLED = 32;
/** Those that are kept when a batch was sent for its age, and nothing is on its way any more: the burst is over. */
const KEPT = 4;

/**
 * A span is encoded at once, into the buffer of the batch that is being filled. A full buffer goes to the sender as it is,
 * and another takes its place. Spans that come when `maxQueueSize` are held are dropped and counted.
 */
export class BatchReporter implements Reporter {
  readonly #encoder: SpanEncoder;
  readonly #sender: BatchSender;
  readonly #settings: BatchSettings;
  readonly #readDelivery: DeliveryReader;
  /** Timers and requests must not keep the async context of a traced request, and with it the request. */
  readonly #context = new AsyncResource("node-opentracing.BatchReporter", { requireManualDestroy: true });
  readonly #pool: ByteBuffer[] = [];
  readonly #full: Batch[] = [];
  readonly #unsettled = new Set<Batch>();
  /** Where the next spans go, and how many are there. */
  #buffer: ByteBuffer | undefined;
  #spans = 0;
  #isEncoding = false;
  /** Spans that finished while another was being encoded: a tag's `toJSON`, or who hears our diagnostics, may make some. */
  readonly #meanwhile: FinishedSpan[] = [];
  #timer: NodeJS.Timeout | undefined;
  #sending = 0;
  #heldSpans = 0;
  #heldBytes = 0;
  #closed: Promise<void> | undefined;

  constructor(encoder: SpanEncoder, sender: BatchSender, settings: BatchSettings, readDelivery: DeliveryReader) {
    this.#encoder = encoder;
    this.#sender = sender;
    this.#settings = settings;
    this.#readDelivery = readDelivery;
  }

  report(span: FinishedSpan): void {
    if (this.#isEncoding) {
      this.#meanwhile.push(span);
      return;
    }
    this.#report(span);
    while (this.#meanwhile.length > 0) this.#report(this.#meanwhile.shift()!);
  }

  #report(span: FinishedSpan): void {
    if (this.#closed !== undefined) {
      warn("report.after_close", "a span finished after its reporter was closed, and is lost");
      return;
    }
    if (this.#heldSpans >= this.#settings.maxQueueSize || this.#heldBytes >= MAX_HELD_BYTES) {
      warn("report.queue_full", "spans come faster than the back end takes them, or it is down; new spans are dropped");
      return;
    }
    this.#buffer ??= this.#pool.pop() ?? new ByteBuffer();
    const buffer = this.#buffer;
    const before = buffer.length;
    this.#isEncoding = true;
    try {
      this.#encoder.encode(span, buffer);
    } catch (error) {
      buffer.length = before;
      warn("report.encode_error", "a span could not be encoded and is lost", error);
      return;
    } finally {
      this.#isEncoding = false;
    }
    this.#spans++;
    this.#heldSpans++;
    this.#heldBytes += buffer.length - before;
    if (this.#spans >= this.#settings.maxExportBatchSize || buffer.length >= MAX_BATCH_BYTES) {
      this.#context.runInAsyncScope(() => this.#seal());
    } else if (this.#timer === undefined) {
      this.#context.runInAsyncScope(() => this.#startTimer());
    }
  }

  flush(timeLimit: number = this.#settings.flushLimit): Promise<void> {
    return this.#context.runInAsyncScope(() => this.#flush(timeLimit));
  }

  close(): Promise<void> {
    this.#closed ??= this.#context.runInAsyncScope(async () => {
      await this.#flush(this.#settings.flushLimit);
      this.#sender.close();
      // What the sender breaks off is counted before we say that we are done.
      await this.#settled();
    });
    return this.#closed;
  }

  async #flush(timeLimit: number): Promise<void> {
    if (this.#isEncoding) await undefined; // half a span would be sent
    this.#seal();
    if (this.#unsettled.size === 0) return;
    const endHurry = this.#sender.hurry();
    // Not unref'd: this timer alone keeps the process alive, for sockets never do.
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, Math.min(timeLimit, LONGEST_WAIT));
    });
    await Promise.race([this.#settled(), limit]);
    clearTimeout(timer);
    endHurry();
  }

  /** Resolves when every batch that exists now has been delivered or given up. */
  #settled(): Promise<void> {
    let left = this.#unsettled.size;
    return new Promise((resolve) => {
      if (left === 0) resolve();
      for (const { waiters } of this.#unsettled) {
        waiters.push(() => {
          if (--left === 0) resolve();
        });
      }
    });
  }

  /** Ends the batch that is being filled and hands it to the sender as soon as that is free. */
  #seal(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const [buffer, spans] = [this.#buffer, this.#spans];
    if (buffer === undefined || spans === 0) return;
    this.#buffer = undefined;
    this.#spans = 0;
    const batch = this.#batch(buffer, spans);
    this.#full.push(batch);
    this.#unsettled.add(batch);
    this.#sendNext();
  }

  /** A buffer that is not a quarter full is copied, or many small batches would hold far more memory than their spans. */
  #batch(buffer: ByteBuffer, spans: number): Batch {
    const bytes = buffer.bytes.subarray(0, buffer.length);
    const runs = buffer.takeRuns();
    if (bytes.length >= buffer.bytes.length / 4) return { bytes, spans, runs, buffer, waiters: [] };
    const copy = Buffer.from(bytes);
    this.#recycle(buffer);
    return { bytes: copy, spans, runs, buffer: undefined, waiters: [] };
  }

  #sendNext(): void {
    while (this.#sending < MAX_SENDING) {
      const batch = this.#full.shift();
      if (batch === undefined) return;
      this.#sending++;
      void this.#send(batch);
    }
  }

  async #send(batch: Batch): Promise<void> {
    const { bytes, spans, runs, buffer } = batch;
    const delivery = await this.#deliver(bytes, runs);
    this.#sending--;
    if (delivery.status === "delivered") {
      this.#heldSpans -= spans;
      this.#heldBytes -= bytes.length;
      this.#readDelivery(delivery, spans);
      if (delivery.isSent && buffer !== undefined) this.#recycle(buffer);
    } else {
      this.#heldBytes -= bytes.length;
      this.#lost(spans, delivery.reason, delivery.status === "rejected");
    }
    this.#sendNext();
    this.#unsettled.delete(batch);
    for (const done of batch.waiters) done();
  }

  /** Never rejects: nobody awaits `#send`, so that a rejection would be unhandled and end the process. */
  async #deliver(bytes: Uint8Array, runs: readonly Run[] | undefined): Promise<Delivery> {
    try {
      return await this.#sender.send(this.#encoder.body(bytes, runs));
    } catch (error) {
      return { status: "failed", reason: String(error) };
    }
  }

  #lost(spans: number, reason: string, rejected = false): void {
    this.#heldSpans -= spans;
    if (rejected) warn("report.rejected", `the back end refused spans, they are lost: ${reason}`, undefined, spans);
    else warn("report.send_failed", `spans could not be delivered and are lost: ${reason}`, undefined, spans);
  }

  #startTimer(): void {
    this.#timer = setTimeout(() => this.#age(), this.#settings.scheduleDelay);
    this.#timer.unref();
  }

  /** Sends what there is, and afterwards lets buffers go, unless there are more by then. */
  #age(): void {
    this.#seal();
    void this.#settled().then(() => {
      if (this.#unsettled.size === 0) this.#pool.splice(KEPT);
    });
  }

  #recycle(buffer: ByteBuffer): void {
    if (buffer.isOversized || this.#pool.length >= MAX_POOLED) return;
    buffer.length = 0;
    this.#pool.push(buffer);
  }
}

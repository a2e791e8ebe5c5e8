// Whether every span arrives, or is counted as lost: in a burst, over a restart of the back end, and where it refuses.

import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import {
  type CounterName,
  type DiagnosticsMessage,
  diagnostics,
  type Reporter,
  Tracer,
  Tracing,
} from "node-opentracing";
import type { Row, Stage } from "../part.js";
import { eventually } from "./eventually.js";
import { burst } from "./scene.js";

/** A back end as these checks see it. */
export interface BackEnd {
  readonly row: Omit<Row, "what">;
  /** A new reporter that sends to it. */
  reporter(): Reporter;
  /** The ids of a trace's spans that it has; none where it does not know the trace. */
  spanIds(traceId: string): Promise<readonly string[]>;
  stop(): Promise<void>;
  /** Starts it again, on the same port. */
  start(): Promise<void>;
}

const BURST = 5_000;
const BEFORE = 700;
const MEANWHILE = 1_500;
/** Milliseconds that a reporter tries again for, at the least: half of 1, 2, 4, 8 and 10 seconds. */
const SURE_TO_RETRY = 12_500;

/** Both rows. The back end runs before and afterwards. */
export async function checkDelivery(stage: Stage, backEnd: BackEnd): Promise<void> {
  const { row } = backEnd;
  await stage.check({ ...row, what: "burst" }, () =>
    traced(backEnd.reporter(), async (tracing) => {
      const sent = burst(tracing, BURST);
      await tracing.flush();
      await allFound(backEnd, sent);
    }),
  );
  await stage.check({ ...row, what: "restart" }, () =>
    traced(backEnd.reporter(), async (tracing) => {
      const before = burst(tracing, BEFORE);
      await tracing.flush();
      await allFound(backEnd, before);

      await backEnd.stop();
      const lostBefore = lost();
      const retried = counted("report.retried");
      const stopped = performance.now();
      const meanwhile = burst(tracing, MEANWHILE);
      await retried;
      await backEnd.start();
      const isSoonBack = performance.now() - stopped < SURE_TO_RETRY;
      await tracing.flush();
      await eventually("spans that arrived and spans that were lost to add up", async () => {
        const arrived = (await found(backEnd, meanwhile)).length;
        return arrived + lost() - lostBefore === MEANWHILE ? true : undefined;
      });
      if (isSoonBack) assert.equal(lost() - lostBefore, 0, "spans were given up too soon");

      const after = burst(tracing, BEFORE);
      await tracing.flush();
      await allFound(backEnd, after);
    }),
  );
}

/** Reports spans to a back end that answers an error to all: each must be counted by that name. */
export async function checkRefusal(reporter: Reporter, counter: CounterName, isRetried: boolean): Promise<void> {
  await traced(reporter, async (tracing) => {
    const before = diagnostics()[counter] ?? 0;
    const retried = isRetried ? counted("report.retried") : undefined;
    burst(tracing, MEANWHILE);
    await retried;
    await tracing.flush();
    assert.equal((diagnostics()[counter] ?? 0) - before, MEANWHILE);
  });
}

async function traced(reporter: Reporter, run: (tracing: Tracing) => Promise<void>): Promise<void> {
  const tracing = new Tracing(new Tracer({ reporter }));
  try {
    await run(tracing);
  } finally {
    await reporter.close();
  }
}

type SpanIds = ReadonlyMap<string, readonly string[]>;

/** Waits until each of these spans is there once. */
async function allFound(backEnd: BackEnd, sent: SpanIds): Promise<void> {
  const wanted = [...sent.values()].flat().sort();
  await eventually(`all ${wanted.length} spans`, async () =>
    (await found(backEnd, sent)).length >= wanted.length ? true : undefined,
  );
  assert.deepEqual((await found(backEnd, sent)).sort(), wanted);
}

async function found(backEnd: BackEnd, sent: SpanIds): Promise<string[]> {
  const ids: string[] = [];
  for (const traceId of sent.keys()) ids.push(...(await backEnd.spanIds(traceId)));
  return ids;
}

/** Spans that were given up, by whatever name. */
function lost(): number {
  const counters = diagnostics();
  const names = ["report.send_failed", "report.rejected", "report.queue_full"] as const;
  return names.reduce((sum, name) => sum + (counters[name] ?? 0), 0);
}

/** Resolves when a counter grows. */
function counted(name: CounterName): Promise<void> {
  const channel = "node-opentracing:diagnostics";
  return new Promise((resolve) => {
    const listen = (message: unknown): void => {
      if ((message as DiagnosticsMessage).name !== name) return;
      unsubscribe(channel, listen);
      resolve();
    };
    subscribe(channel, listen);
  });
}

// What the interop run makes of parts: outcomes, exit codes, clean-ups, and processes that never stay behind.

import assert from "node:assert/strict";
import { test } from "node:test";
import { startChild } from "../../interop/child.js";
import type { Part, Row, Stage } from "../../interop/part.js";
import { type PartResult, runPart } from "../../interop/run-part.js";
import { runParts } from "../../interop/run-parts.js";

const ROW: Row = { peer: "peer", format: "b3", direction: "peer → ours → peer", what: "kept" };
const silent = (): void => {};

function part(run: (stage: Stage) => Promise<void>, more: Partial<Part> = {}): Part {
  return { name: "a part", light: true, run, ...more };
}

async function exitCode(parts: readonly Part[], ...args: string[]): Promise<number> {
  return runParts(parts, args, silent, silent);
}

const passing = part((stage) => {
  stage.started("peer", "1.2");
  return stage.check(ROW, silent);
});

test("a part whose checks hold makes the exit code 0", async () => {
  assert.equal(await exitCode([passing]), 0);
});

test("a part that throws makes the exit code 1, whatever its checks said", async () => {
  const throwing = part(async (stage) => {
    await stage.check(ROW, silent);
    throw new Error("it did not start");
  });
  assert.equal(await exitCode([throwing]), 1);
  assert.equal((await runPart(throwing, silent)).failure, "it did not start");
});

test("a check that fails is FAIL, makes the exit code 1, and the part goes on", async () => {
  const failing = part(async (stage) => {
    await stage.check(ROW, () => assert.fail("one is not two"));
    await stage.check({ ...ROW, what: "dropped" }, silent);
  });
  const { cells } = await runPart(failing, silent);
  assert.deepEqual(
    cells.map(({ outcome, reason }) => [outcome, reason]),
    [
      ["FAIL", "one is not two"],
      ["ok", undefined],
    ],
  );
  assert.equal(await exitCode([failing, passing]), 1);
});

test("what is not supported needs a reason", async () => {
  const { cells } = await runPart(
    part(async (stage) => {
      stage.unsupported(ROW, "B3 has no baggage");
      stage.unsupported(ROW, " ");
    }),
    silent,
  );
  assert.deepEqual(
    cells.map(({ outcome }) => outcome),
    ["not supported", "FAIL"],
  );
});

test("a part that has checked nothing has failed", async () => {
  assert.equal(await exitCode([part(async () => {})]), 1);
  assert.equal(await exitCode([part(async (stage) => stage.unsupported(ROW, "it has none"))]), 1);
});

test("a part that does not tell what it ran has failed", async () => {
  assert.equal(await exitCode([part((stage) => stage.check(ROW, silent))]), 1);
});

test("a run of no part has failed", async () => {
  assert.equal(await exitCode([part(passing.run, { light: false })], "--light"), 1);
});

test("--light leaves the heavy parts out, and names choose", async () => {
  const ran: string[] = [];
  const named = (name: string, light: boolean): Part =>
    part(
      async (stage) => {
        ran.push(name);
        await passing.run(stage);
      },
      { name, light },
    );
  const parts = [named("go", false), named("python", true), named("node-peers", true)];
  await exitCode(parts);
  assert.deepEqual(ran.splice(0), ["go", "python", "node-peers"]);
  await exitCode(parts, "--light");
  assert.deepEqual(ran.splice(0), ["python", "node-peers"]);
  await exitCode(parts, "go", "python");
  assert.deepEqual(ran.splice(0), ["go", "python"]);
  assert.equal(await exitCode(parts, "ruby"), 2);
  assert.equal(await exitCode(parts, "--lite"), 2);
  assert.equal(await exitCode(parts, "--light", "python", "go"), 2);
  assert.deepEqual(ran, []);
});

test("--write hands the results over", async () => {
  const written: PartResult[] = [];
  await runParts([passing], ["--write"], silent, (results) => written.push(...results));
  assert.deepEqual(
    written.map((result) => [result.part, result.cells.length]),
    [["a part", 1]],
  );
});

test("--write says what was not written", async () => {
  const failing = part((stage) => stage.check(ROW, () => assert.fail("one is not two")));
  const printed: string[] = [];
  await runParts([failing], ["--write"], (text) => printed.push(text), silent);
  assert.equal(printed.at(-1), "not written, for it failed: a part");
});

test("a part that is not done in its time has failed, and its clean-ups run", async () => {
  let undone = false;
  const endless = part(
    async (stage) => {
      stage.defer(() => {
        undone = true;
      });
      await stage.check(ROW, silent);
      await new Promise(() => {});
    },
    { timeLimit: 20 },
  );
  const { failure } = await runPart(endless, silent);
  assert.equal(failure, "not done in 0.02 s");
  assert.ok(undone);
});

test("what a part does after its time counts no more", async () => {
  let goOn = silent;
  const paused = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  let done: Promise<void> | undefined;
  const late = part(
    (stage) => {
      done = paused.then(() => stage.check(ROW, silent));
      return done;
    },
    { timeLimit: 20 },
  );
  const { cells } = await runPart(late, silent);
  goOn();
  await done;
  assert.deepEqual(cells, []);
});

test("clean-ups run last first; one that throws fails the part and keeps no other from running", async () => {
  const order: number[] = [];
  const { failure } = await runPart(
    part(async (stage) => {
      stage.defer(() => void order.push(1));
      stage.defer(() => {
        order.push(2);
        throw new Error("no");
      });
      stage.defer(async () => void order.push(3));
      await passing.run(stage);
    }),
    silent,
  );
  assert.deepEqual(order, [3, 2, 1]);
  assert.equal(failure, "a clean-up failed: no");
});

test("a process that a part leaves behind has ended when the part has, even one that minds no SIGTERM", async () => {
  const program = `
    process.on("SIGTERM", () => {});
    setInterval(() => {}, 1000);
    console.log(JSON.stringify({ port: process.pid, version: "1" }));`;
  let pid = 0;
  await runPart(
    part(async () => {
      pid = (await startChild(process.execPath, ["-e", program], { grace: 20 })).port;
      throw new Error("and the part fails");
    }),
    silent,
  );
  assert.throws(() => process.kill(pid, 0), { code: "ESRCH" });
});

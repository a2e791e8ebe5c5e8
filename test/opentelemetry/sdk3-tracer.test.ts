// The tracer over SDK 3.

import { test } from "node:test";
import { loadSdk, NO_SDK_3 } from "./sdk.js";
import { tracerCases } from "./tracer-cases.js";

if (NO_SDK_3 === undefined) tracerCases(await loadSdk(3));
else test("SDK 3", { skip: NO_SDK_3 }, () => {});

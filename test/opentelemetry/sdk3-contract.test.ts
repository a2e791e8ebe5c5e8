// The contracts over SDK 3.

import { test } from "node:test";
import { contractCases } from "./contract-cases.js";
import { loadSdk, NO_SDK_3 } from "./sdk.js";

if (NO_SDK_3 === undefined) contractCases(await loadSdk(3));
else test("SDK 3", { skip: NO_SDK_3 }, () => {});

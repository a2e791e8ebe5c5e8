// Settings of ours beside instrumentation-http of SDK 3.

import { test } from "node:test";
import { loadSdk, NO_SDK_3 } from "./sdk.js";
import { settingsCases } from "./settings-cases.js";

if (NO_SDK_3 === undefined) settingsCases(await loadSdk(3));
else test("SDK 3", { skip: NO_SDK_3 }, () => {});

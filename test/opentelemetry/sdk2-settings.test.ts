// Settings of ours beside instrumentation-http of SDK 2.

import { loadSdk } from "./sdk.js";
import { settingsCases } from "./settings-cases.js";

settingsCases(await loadSdk(2));

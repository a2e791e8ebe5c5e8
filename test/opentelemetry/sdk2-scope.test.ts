// The scope manager and requests over SDK 2.

import { scopeCases } from "./scope-cases.js";
import { loadSdk } from "./sdk.js";

scopeCases(await loadSdk(2));

// The tracer over SDK 2.

import { loadSdk } from "./sdk.js";
import { tracerCases } from "./tracer-cases.js";

tracerCases(await loadSdk(2));

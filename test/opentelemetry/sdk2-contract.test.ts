// The contracts over SDK 2.

import { contractCases } from "./contract-cases.js";
import { loadSdk } from "./sdk.js";

contractCases(await loadSdk(2));

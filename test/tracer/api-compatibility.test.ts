// OpenTracing's own conformance suite, as its package ships it, on our tracer. It expects mocha's globals.

import { createRequire } from "node:module";
import { beforeEach, describe, it } from "node:test";
import { MemoryReporter, NEVER, Tracer } from "node-opentracing";

Object.assign(globalThis, { describe, it, beforeEach });
const { default: apiCompatibilityChecks } = createRequire(import.meta.url)("opentracing/lib/test/api_compatibility");

apiCompatibilityChecks(() => new Tracer({ reporter: new MemoryReporter() }));
apiCompatibilityChecks(() => new Tracer({ reporter: new MemoryReporter(), sampler: NEVER }));

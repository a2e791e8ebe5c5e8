// node-opentracing/testing: what this project tests itself with.

export { MemoryReporter } from "../report/memory-reporter.ts";
export { type SpanTreeOptions, spanTree } from "./span-tree.ts";

// The versions of Express that are tested: 4, 5 without a diagnostics channel, and 5 with one.

import { createRequire } from "node:module";
import { join } from "node:path";
import type express from "express";

const current = createRequire(import.meta.url);
const older = createRequire(join(process.cwd(), "test", "older", "package.json"));

/** What they have in common, which is what the tests use. */
export type Express = typeof express;

export interface Version {
  readonly name: string;
  /** The major version. */
  readonly major: 4 | 5;
  readonly express: Express;
  /** For programs of their own: what to require, and from where. */
  readonly require: readonly [from: string, name: string];
}

export const VERSIONS: readonly Version[] = [
  { name: "express 4", major: 4, express: older("express4"), require: ["test/older/package.json", "express4"] },
  { name: "express 5.2", major: 5, express: older("express"), require: ["test/older/package.json", "express"] },
  { name: "express 5.3", major: 5, express: current("express"), require: ["package.json", "express"] },
];

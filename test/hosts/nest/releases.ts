// NestJS 12 and 11, each on Express and on Fastify: what the tests of NestJS run on.

import "reflect-metadata";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import * as common from "@nestjs/common";
import * as core from "@nestjs/core";
import * as platformExpress from "@nestjs/platform-express";
import * as platformFastify from "@nestjs/platform-fastify";

/** One release of NestJS on one platform. What these tests use is the same in all of them, types included. */
export interface Release {
  /** `nestjs 12.5 on express`. */
  readonly name: string;
  readonly isFastify: boolean;
  readonly common: typeof common;
  readonly core: typeof core;
  adapter(): core.AbstractHttpAdapter;
}

const older = createRequire(join(process.cwd(), "test/older/package.json"));
const current = createRequire(join(process.cwd(), "package.json"));

export const RELEASES: readonly Release[] = [
  ...onEach(versionOf(current), { common, core, platformExpress, platformFastify }),
  ...onEach(versionOf(older), {
    common: older("@nestjs/common"),
    core: older("@nestjs/core"),
    platformExpress: older("@nestjs/platform-express"),
    platformFastify: older("@nestjs/platform-fastify"),
  }),
];

interface Packages {
  readonly common: typeof common;
  readonly core: typeof core;
  readonly platformExpress: typeof platformExpress;
  readonly platformFastify: typeof platformFastify;
}

function onEach(version: string, { common, core, platformExpress, platformFastify }: Packages): Release[] {
  const name = `nestjs ${version}`;
  return [
    { name: `${name} on express`, isFastify: false, common, core, adapter: () => new platformExpress.ExpressAdapter() },
    { name: `${name} on fastify`, isFastify: true, common, core, adapter: () => new platformFastify.FastifyAdapter() },
  ];
}

function versionOf(require: NodeJS.Require): string {
  const { version } = require("@nestjs/core/package.json") as { version: string };
  return version.split(".").slice(0, 2).join(".");
}

/** Options of every application here. */
export const QUIET = { logger: false, abortOnError: false } as const;

/** Listens on 127.0.0.1, and answers the port. */
export async function listen(app: common.INestApplication): Promise<number> {
  await app.listen(0, "127.0.0.1");
  return (app.getHttpServer().address() as AddressInfo).port;
}

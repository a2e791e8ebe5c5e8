// Who sends the spans: the resource that every request names once.

import { hostname } from "node:os";
import { basename } from "node:path";
import { VERSION } from "../version.ts";

/** Attributes of a process by name. */
export type Resource = Readonly<Record<string, string | number | boolean>>;

/** What a service is called that has not been given a name, as OpenTelemetry's specification wants it. */
export function defaultServiceName(): string {
  return `unknown_service:${basename(process.execPath, ".exe")}`;
}

/**
 * The resource of this process: `service.name`, `telemetry.sdk.*`, `process.pid`, `host.name`, and what is given. The
 * name is `serviceName`, else the given resource's `service.name`, else `unknown_service:node`.
 */
export function processResource(serviceName: string | undefined, given: Resource = {}): Resource {
  return {
    "process.pid": process.pid,
    "host.name": hostname(),
    ...given,
    "service.name": serviceName || given["service.name"] || defaultServiceName(),
    "telemetry.sdk.name": "node-opentracing",
    "telemetry.sdk.language": "nodejs",
    "telemetry.sdk.version": VERSION,
  };
}

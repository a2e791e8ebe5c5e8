// Where the spans go that went to a Jaeger collector or agent: to the same host's OTLP address.

import { httpUrl } from "../settings.ts";
import { hostInUrl, isHost } from "./host.ts";

/** Jaeger's collector takes OTLP over HTTP at this port since 1.35, and at no other in Jaeger 2. */
const OTLP_PORT = "4318";
const OTLP_PATH = "/v1/traces";

/**
 * `http://collector:14268/api/traces` becomes `http://collector:4318/v1/traces`; an address with any other path is one for
 * OTLP already, and stays as it is. Throws a TypeError for what is no http or https URL.
 */
export function otlpEndpoint(collectorEndpoint: string): string {
  const expected = isCollector(collectorEndpoint);
  if (expected !== undefined) throw new TypeError(`config.reporter.collectorEndpoint must be ${expected}`);
  const url = new URL(collectorEndpoint);
  const isThrift = /\/api\/traces\/?$/.test(url.pathname);
  if (!isThrift && url.pathname !== "/") return collectorEndpoint;
  if (isThrift || url.port === "14268") url.port = OTLP_PORT;
  url.pathname = OTLP_PATH;
  url.search = "";
  return url.href;
}

const isCollector = httpUrl("http://collector:4318/v1/traces");

/** The OTLP address of the host where the agent was. Throws a TypeError for what is no host. */
export function agentEndpoint(agentHost: string): string {
  const expected = isHost(agentHost);
  if (expected !== undefined) throw new TypeError(`config.reporter.agentHost must be ${expected}`);
  return `http://${hostInUrl(agentHost)}:${OTLP_PORT}${OTLP_PATH}`;
}

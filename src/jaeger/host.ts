// Hosts as a configuration names them: by name, by address, with a port or as a URL.

import type { Check } from "../settings.ts";

export const isHost: Check = (value) =>
  typeof value === "string" && value !== "" && URL.canParse(`http://${hostInUrl(value)}`)
    ? undefined
    : 'a host name: "collector"';

export const isHostPort: Check = (value) =>
  typeof value === "string" && URL.canParse(hostPortUrl(value)) ? undefined : '"host:port" or a URL';

/** IPv6 addresses stand in brackets. */
export function hostInUrl(host: string): string {
  return host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
}

/** `host:port` as a URL, and a URL as it is. */
export function hostPortUrl(hostPort: string): string {
  return /^https?:\/\//.test(hostPort) ? hostPort : `http://${hostPort}`;
}

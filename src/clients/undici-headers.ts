// The headers of undici's own request objects: lists, and text in undici 5, whose dispatchers the global fetch may use.

import type { UndiciRequest } from "./call.ts";

/** Names and values by turns. None where it is neither list nor text: undici 5 has an object for HTTP/2. */
export function listOf(headers: unknown): readonly unknown[] {
  if (Array.isArray(headers)) return headers;
  return typeof headers === "string" ? linesOf(headers).flatMap((line) => [nameIn(line), valueIn(line)]) : [];
}

/** Whether all of `carried` are in a list of headers. Their names are in lower case. */
export function carries(headers: readonly unknown[], carried: Readonly<Record<string, string>>): boolean {
  for (const name in carried) if (!hasHeader(headers, name, carried[name]!)) return false;
  return true;
}

function hasHeader(headers: readonly unknown[], name: string, value: string): boolean {
  for (let i = 0; i + 1 < headers.length; i += 2) {
    if (headers[i + 1] === value && isNamed(headers[i], name)) return true;
  }
  return false;
}

/** Puts a header in place of all of the same name; undici's request, not the caller's headers, is changed. */
export function setHeader(request: UndiciRequest, name: string, value: string): void {
  removeHeader(request, name);
  request.addHeader?.(name, value);
}

/** Takes all headers of a name away. It is in lower case. */
export function removeHeader(request: UndiciRequest, name: string): void {
  const { headers } = request;
  if (typeof headers === "string") {
    const kept = linesOf(headers).filter((line) => !isNamed(nameIn(line), name));
    request.headers = kept.map((line) => line + LINE_END).join("");
  } else if (Array.isArray(headers)) {
    for (let i = headers.length - 2; i >= 0; i -= 2) if (isNamed(headers[i], name)) headers.splice(i, 2);
  }
}

/** Whether a header has a name, which is in lower case. To compare lengths first spares most headers' conversion. */
export function isNamed(header: unknown, name: string): boolean {
  const text = String(header);
  return text.length === name.length && text.toLowerCase() === name;
}

const LINE_END = "\r\n";

/** Each ends with a line end, the last one too. */
function linesOf(text: string): string[] {
  return text.split(LINE_END).slice(0, -1);
}

function nameIn(line: string): string {
  return line.slice(0, line.indexOf(":"));
}

function valueIn(line: string): string {
  return line.slice(line.indexOf(":") + 1).trim();
}

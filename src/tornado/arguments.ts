// Arguments of a request, as Tornado has them: each name with the list of its values.

import { HTTPError } from "./http-error.ts";

/** Each name with its values, in the order in which they came. */
export type Arguments = Record<string, string[]>;

/** A file that was uploaded in a form. */
export interface HTTPFile {
  readonly filename: string;
  readonly contentType: string;
  readonly body: Buffer;
}

/** What a body says where it is a form. */
export interface Form {
  readonly arguments: Arguments;
  readonly files: Record<string, HTTPFile[]>;
}

/** Reads a query string, or a form's body of the same syntax. Arguments without a value are kept, as empty text. */
export function parseArguments(text: string): Arguments {
  const found = noArguments<string>();
  for (const [name, value] of new URLSearchParams(text)) add(found, name, value);
  return found;
}

/**
 * Reads a form (`application/x-www-form-urlencoded` or `multipart/form-data`). Other bodies have no arguments.
 *
 * @throws HTTPError 400 where a form is malformed, or compressed
 */
export async function parseForm(
  contentType: string,
  contentEncoding: string | undefined,
  body: Buffer,
): Promise<Form | undefined> {
  const type = contentType.split(";", 1)[0]!.trim().toLowerCase();
  if (type !== URL_ENCODED && type !== MULTIPART) return undefined;
  if (contentEncoding !== undefined) throw new HTTPError(400, `Unsupported Content-Encoding: ${contentEncoding}`);
  if (type === URL_ENCODED) return { arguments: parseArguments(body.toString()), files: noArguments() };
  try {
    return await parseMultipart(contentType, body);
  } catch (error) {
    throw new HTTPError(400, `Invalid multipart/form-data: ${(error as Error).message}`, { cause: error });
  }
}

const URL_ENCODED = "application/x-www-form-urlencoded";
const MULTIPART = "multipart/form-data";

async function parseMultipart(contentType: string, body: Buffer): Promise<Form> {
  const form: Form = { arguments: noArguments(), files: noArguments() };
  const data = await new Response(body, { headers: { "content-type": contentType } }).formData();
  for (const [name, value] of data as unknown as Iterable<[string, string | File]>) {
    if (typeof value === "string") add(form.arguments, name, value);
    else {
      const file = Buffer.from(await value.arrayBuffer());
      add(form.files, name, { filename: value.name, contentType: value.type, body: file });
    }
  }
  return form;
}

/** The arguments of the query, then those of the body. */
export function merged(query: Arguments, body: Arguments): Arguments {
  const all = noArguments<string>();
  for (const source of [query, body]) {
    for (const name in source) for (const value of source[name]!) add(all, name, value);
  }
  return all;
}

/** Without a prototype, for names come from the client. */
export function noArguments<T>(): Record<string, T[]> {
  return Object.create(null) as Record<string, T[]>;
}

function add<T>(to: Record<string, T[]>, name: string, value: T): void {
  const values = to[name];
  if (values === undefined) to[name] = [value];
  else values.push(value);
}

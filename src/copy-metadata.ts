// What frameworks and decorators read of a function, and left on it (reflect-metadata), for functions that take its place.

import { alike } from "./alike.ts";

type Metadata = Partial<{
  getOwnMetadataKeys(target: object): unknown[];
  getOwnMetadata(key: unknown, target: object): unknown;
  defineMetadata(key: unknown, value: unknown, target: object): void;
}>;

type AnyFunction = (...args: never[]) => unknown;

/**
 * Gives `to` the name and length of `from`, and the metadata and properties that it lacks. Frameworks find their routes, guards
 * and the like by them.
 */
export function copyMetadata(from: AnyFunction, to: AnyFunction): void {
  alike(to, from);
  for (const key of Reflect.ownKeys(from)) {
    if (!Object.hasOwn(to, key)) Object.defineProperty(to, key, Object.getOwnPropertyDescriptor(from, key)!);
  }
  const { getOwnMetadataKeys, getOwnMetadata, defineMetadata } = Reflect as Metadata;
  for (const key of getOwnMetadataKeys?.(from) ?? []) defineMetadata!(key, getOwnMetadata!(key, from), to);
}

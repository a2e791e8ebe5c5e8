// Metadata that decorators left on a function (reflect-metadata), for functions that take its place.

type Metadata = Partial<{
  getOwnMetadataKeys(target: object): unknown[];
  getOwnMetadata(key: unknown, target: object): unknown;
  defineMetadata(key: unknown, value: unknown, target: object): void;
}>;

/** Gives `to` the metadata and properties of `from` that it lacks. Frameworks find their routes, guards and the like by them. */
export function copyMetadata(from: object, to: object): void {
  for (const key of Reflect.ownKeys(from)) {
    if (!Object.hasOwn(to, key)) Object.defineProperty(to, key, Object.getOwnPropertyDescriptor(from, key)!);
  }
  const { getOwnMetadataKeys, getOwnMetadata, defineMetadata } = Reflect as Metadata;
  for (const key of getOwnMetadataKeys?.(from) ?? []) defineMetadata!(key, getOwnMetadata!(key, from), to);
}

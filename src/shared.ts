// What all copies of this package in a process have in common: a bundle may bring a copy of its own.

/** Copies that differ in this do not share. */
const GENERATION = "0.1";

/** The process's value of that name: what `make` answers, the first time it is asked for. */
export function shared<T>(name: string, make: () => T): T {
  const key = Symbol.for(`node-opentracing/${GENERATION}/${name}`);
  const holder = globalThis as { [key: symbol]: unknown };
  holder[key] ??= make();
  return holder[key] as T;
}

// Properties of any name.

/** Sets a property of the object's own, whatever its name: assigned, `__proto__` would be lost, or replace the prototype. */
export function setOwn<T>(object: Record<string, T>, name: string, value: T): void {
  if (name !== "__proto__") object[name] = value;
  else Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
}

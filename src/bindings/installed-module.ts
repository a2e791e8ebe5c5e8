// Loads modules that the application has installed: tracers, which are no dependencies of ours.

import { realpathSync } from "node:fs";
// webpack rewrites calls of the named import `createRequire`: it would bundle what is required, or break the call; through the object it leaves them alone.
import nodeModule from "node:module";
import { isAbsolute, join } from "node:path";
import { fileURLToPath } from "node:url";

export type Exports = Record<string, unknown>;

/**
 * Loads a module as a file in the working directory would; what is not there, as the program's main file would.
 *
 * @throws Error that names the module and says why
 */
export function loadModule(name: string): Exports {
  try {
    const path = name.startsWith("file:") ? fileURLToPath(name) : name;
    return requireFor(path)(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message.split("\n")[0] : String(error);
    throw new Error(`tracerCallable: the module "${name}" cannot be loaded: ${reason}`, { cause: error });
  }
}

/**
 * Loads a tracer's package in the same way, or a part of it or a dependency: that is looked up as its main file would.
 *
 * @throws Error that says what to install, or why it cannot be loaded
 */
export function loadPackage<T extends object>(name: string, part: string = name): T {
  const require = requireFor(name);
  try {
    return (part === name ? require : nodeModule.createRequire(require.resolve(name)))(part) as T;
  } catch (error) {
    throw new Error(`tracerCallable: ${reasonOf(error as NodeJS.ErrnoException, name, part)}`, { cause: error });
  }
}

function reasonOf({ code, message }: NodeJS.ErrnoException, name: string, part: string): string {
  if (code !== "MODULE_NOT_FOUND") return `${name} cannot be loaded: ${String(message).split("\n")[0]}`;
  if (message.includes(`'${name}'`)) return `${name} is not installed; run: npm install ${name}`;
  return `this release of ${name} cannot be bound: it has no ${part}`;
}

/** The application's `require`, by which `name` can be found: a file's in the working directory, or the main file's, for services start anywhere. */
export function requireFor(name: string): NodeJS.Require {
  const places = placesOf(process.cwd(), process.argv[1]);
  return places.find((require) => canResolve(require, name)) ?? places[0]!;
}

function placesOf(workingDirectory: string, main: string | undefined): NodeJS.Require[] {
  const folders = [workingDirectory];
  try {
    // Without links, as Node looks from it. A file is no folder, but what is looked up from it is looked up in the folders above.
    if (main !== undefined && isAbsolute(main)) folders.push(realpathSync(main));
  } catch {
    // no file, as in a bundle that is one executable
  }
  return folders.map((folder) => nodeModule.createRequire(join(folder, "tracer-callable.js")));
}

function canResolve(require: NodeJS.Require, name: string): boolean {
  try {
    require.resolve(name);
    return true;
  } catch {
    return false;
  }
}

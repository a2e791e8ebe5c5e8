// Loads modules that the application has installed: tracers, which are no dependencies of ours.

import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export type Exports = Record<string, unknown>;

/**
 * Loads a module as a file in the working directory would.
 *
 * @throws Error that names the module and says why
 */
export function loadModule(name: string): Exports {
  try {
    return requireInWorkingDirectory()(name.startsWith("file:") ? fileURLToPath(name) : name);
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
  const require = requireInWorkingDirectory();
  try {
    return (part === name ? require : createRequire(require.resolve(name)))(part) as T;
  } catch (error) {
    throw new Error(`tracerCallable: ${reasonOf(error as NodeJS.ErrnoException, name, part)}`, { cause: error });
  }
}

function reasonOf({ code, message }: NodeJS.ErrnoException, name: string, part: string): string {
  if (code !== "MODULE_NOT_FOUND") return `${name} cannot be loaded: ${String(message).split("\n")[0]}`;
  if (message.includes(`'${name}'`)) return `${name} is not installed; run: npm install ${name}`;
  return `this release of ${name} cannot be bound: it has no ${part}`;
}

function requireInWorkingDirectory(): NodeJS.Require {
  return createRequire(join(process.cwd(), "tracer-callable.js"));
}

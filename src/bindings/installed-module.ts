// Loads modules that the application has installed: tracers, which are no dependencies of ours.

// As an object: of the named import webpack knows what it does, and would take the modules into its bundle, or break the call.
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
  const require = nodeModule.createRequire(join(process.cwd(), "tracer-callable.js"));
  const main = process.argv[1];
  if (canResolve(require, name) || main === undefined || !isAbsolute(main)) return require;
  const mains = nodeModule.createRequire(main);
  return canResolve(mains, name) ? mains : require;
}

function canResolve(require: NodeJS.Require, name: string): boolean {
  try {
    require.resolve(name);
    return true;
  } catch {
    return false;
  }
}

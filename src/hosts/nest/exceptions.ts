// Shows us the exceptions that NestJS catches, before a filter answers them.

import { patch } from "../../patch.ts";
import { failRequest } from "../traced-request.ts";
import { attempt, type NestConsumer } from "./application.ts";

/** What holds the filters of one route, and is called with each of its exceptions. */
interface ExceptionsHandler {
  next(exception: unknown, host: { getArgByIndex?(index: number): unknown }): void;
}

/** What makes those, for each route of an application. */
interface ExceptionFilters {
  applicationRef?: unknown;
  moduleContext?: unknown;
  create?(instance: object, callback: () => void): ExceptionsHandler;
  createConcreteContext(...args: unknown[]): unknown;
}

/** The parts of NestJS's container that lead there. */
interface Inside extends NestConsumer {
  readonly routesMapper?: { readonly container?: { getInternalCoreModuleRef?(): CoreModule | undefined } };
}
interface CoreModule {
  readonly providers: ReadonlyMap<unknown, { readonly instance?: { readonly filtersContextCreator?: object } }>;
}

/**
 * NestJS hands every exception of a request to the `next` of an exceptions handler, and lets nobody else see those that a filter
 * answers: no interceptor sees what a guard throws, and of filters the first that fits is the only one. So that method is
 * patched, once for each copy of NestJS; it does nothing for requests that are not traced.
 *
 * Its class is not to be had without importing NestJS. What can be reached from `consumer` is a creator of filters for
 * other than HTTP; its base class is the one for HTTP's too, and shows us the first of those that is used.
 *
 * @throws TypeError where nothing of that is to be found
 */
export function seeExceptions(consumer: NestConsumer): void {
  const core = (consumer as Inside).routesMapper?.container?.getInternalCoreModuleRef?.();
  const providers = [...(core?.providers.values() ?? [])];
  const creator = providers.map(({ instance }) => instance?.filtersContextCreator).find((one) => one !== undefined);
  if (creator === undefined) throw new TypeError("it has no creator of exception filters");
  awaitFilters(Object.getPrototypeOf(Object.getPrototypeOf(creator)));
}

/** Base classes of which the exceptions handler is known, or will be. */
const seen = new WeakSet<object>();

function awaitFilters(base: ExceptionFilters): void {
  if (seen.has(base)) return;
  seen.add(base);
  const { createConcreteContext } = base;
  let isOn = true;
  const undo = patch(base, "createConcreteContext", function watched(this: ExceptionFilters, ...args) {
    if (isOn && this.applicationRef !== undefined && typeof this.create === "function") {
      isOn = false;
      undo();
      attempt(() => watchHandlers(this));
    }
    return createConcreteContext.apply(this, args);
  });
}

function watchHandlers(filters: ExceptionFilters): void {
  // It is in the middle of making one: the handler that we ask for must not change for whom.
  const { moduleContext } = filters;
  const handler = filters.create!({}, nothing);
  filters.moduleContext = moduleContext;

  const prototype: ExceptionsHandler = Object.getPrototypeOf(handler);
  const { next } = prototype;
  patch(prototype, "next", function tracedNext(this: ExceptionsHandler, exception, host) {
    attempt(() => {
      const request = host.getArgByIndex?.(0) as { readonly raw?: object } | undefined;
      if (request !== undefined) failRequest(request.raw ?? request, exception);
    });
    return next.call(this, exception, host);
  });
}

function nothing(): void {}

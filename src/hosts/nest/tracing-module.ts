// TracingModule: tracing for one application of NestJS, on Express or on Fastify.

import { tracerOf } from "../../bindings/bound-tracer.ts";
import type { HttpTracing } from "../../http/http-tracing.ts";
import { type Undo, undoAll } from "../../patch.ts";
import { checkPluginOptions, type PluginOptions } from "../plugin-options.ts";
import { attempt, type NestConsumer, nameRoutes, seeStreams, tracePlatform } from "./application.ts";
import { seeExceptions } from "./exceptions.ts";

/** Milliseconds that an application's shutdown may wait for its last spans. */
const SHUTDOWN_LIMIT = 2_000;

/** What NestJS takes as a dynamic module. */
export interface TracingDynamicModule {
  readonly module: new () => TracingModule;
  readonly global: true;
  readonly providers: { readonly provide: never; readonly useValue: unknown }[];
  readonly exports: never[];
}

/**
 * Names requests after the routes of controllers, and records every exception that NestJS catches: those of guards, pipes,
 * interceptors, middleware and handlers, whatever filter answers them. For NestJS 11 and 12.
 *
 *     @Module({ imports: [TracingModule.forRoot()] })
 *     class AppModule {}
 *
 * With `tracing`, the application is traced alone, by that object's settings, which services may have injected by its class;
 * when the application is closed, its last spans are sent. Without it, the module adds to the spans that `initTracing` or
 * `traceServer` made. It is no guard, interceptor or filter: which of those run, and in which order, stays as it is.
 */
export class TracingModule {
  static readonly options: PluginOptions = {};
  #undo: Undo = nothing;
  #undoNames: Undo = nothing;

  /** @throws TypeError for an option that does not exist or is wrong, saying what to write instead */
  static forRoot(options: PluginOptions = {}): TracingDynamicModule {
    checkPluginOptions("TracingModule.forRoot(options)", options);
    class Configured extends TracingModule {
      static override readonly options: PluginOptions = options;
    }
    // It is what NestJS prints.
    Object.defineProperty(Configured, "name", { value: TracingModule.name });
    const { tracing } = options;
    // A plain object has no class of its own: `Object` is what NestJS would ask for where a parameter is of an interface.
    const provide = tracing?.constructor === Object ? undefined : tracing?.constructor;
    const providers = provide === undefined ? [] : [{ provide: provide as never, useValue: tracing }];
    return { module: Configured, global: true, providers, exports: providers.map((provider) => provider.provide) };
  }

  /** @internal By NestJS, as all that follow: before the application's routes are made. */
  configure(consumer: object): void {
    const nest = consumer as NestConsumer;
    const undoPlatform = attempt(() => tracePlatform(nest, this.#options));
    this.#undo = undoAll([undoPlatform ?? nothing, attempt(() => seeStreams(nest)) ?? nothing]);
    this.#undoNames = attempt(() => nameRoutes(nest)) ?? nothing;
    attempt(() => seeExceptions(nest));
  }

  /** @internal In applications without HTTP too. */
  onModuleInit(): void {
    const { tracing } = this.#options;
    if (tracing === undefined) return;
    inForce.push(tracing.http);
    tracing.http.begun();
  }

  /** @internal When all routes are made. */
  onApplicationBootstrap(): void {
    this.#undoNames();
  }

  /** @internal When the server is closed. */
  async onApplicationShutdown(): Promise<void> {
    this.#undo();
    const tracing = this.#options.tracing as (PluginOptions["tracing"] & Flushable) | undefined;
    if (tracing === undefined) return;
    const at = inForce.indexOf(tracing.http);
    if (at >= 0) inForce.splice(at, 1);
    await tracing.flush?.(SHUTDOWN_LIMIT);
  }

  get #options(): PluginOptions {
    return (this.constructor as typeof TracingModule).options;
  }
}

interface Flushable {
  flush?(timeLimit: number): Promise<void>;
}

/** The tracings of the modules of running applications, the latest last. */
const inForce: HttpTracing[] = [];

/**
 * Of the tracings of the running applications, and `current`, that of the process: the one that made the active span; else, and
 * where nothing is active, the one of the application that was started last, or `current` where no module was given one.
 */
export function nestTracing(current: HttpTracing): HttpTracing {
  for (let i = inForce.length - 1; i >= -1; i--) {
    const tracing = inForce[i] ?? current;
    const { scope, tracer } = tracing;
    if (tracerOf(scope.active()) === tracer) return tracing;
  }
  return inForce.at(-1) ?? current;
}

function nothing(): void {}

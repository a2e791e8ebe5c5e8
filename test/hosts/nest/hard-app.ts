// A deliberately hard application in NestJS: all that can stand between a request and its answer.

import { Readable } from "node:stream";
import type {
  ArgumentsHost,
  CallHandler,
  CanActivate,
  DynamicModule,
  ExceptionFilter,
  ExecutionContext,
  MiddlewareConsumer,
  NestInterceptor,
  NestMiddleware,
  NestModule,
  PipeTransform,
} from "@nestjs/common";
import { Trace } from "node-opentracing/nest";
import { map, type Observable, of, throwError } from "rxjs";
import type { Release } from "./releases.js";

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** What middleware is given on either platform. */
interface Answer {
  statusCode: number;
  readonly headersSent?: boolean;
  readonly raw?: Answer;
  end(body?: string): void;
}
type Next = (error?: unknown) => void;

/** The root module of the application; `tracing` is the module that traces it. */
export function hardApp({ common, core, isFastify }: Release, tracing: DynamicModule): new () => object {
  const { Catch, Controller, Get, HttpCode, Injectable, Module, Param, Post, Redirect, Sse, UseFilters, UseGuards } =
    common;
  const { Body, Header, ParseIntPipe, Scope, StreamableFile, Res, UseInterceptors, UsePipes, ConflictException } =
    common;

  @Trace()
  class Forbidding implements CanActivate {
    canActivate(): boolean {
      return false;
    }
  }
  class FailingGuard implements CanActivate {
    async canActivate(): Promise<boolean> {
      await tick();
      throw new RangeError("guard");
    }
  }
  @Trace()
  class FailingPipe implements PipeTransform {
    async transform(): Promise<never> {
      await tick();
      throw new RangeError("pipe");
    }
  }
  class FailingInterceptor implements NestInterceptor {
    intercept(): never {
      throw new RangeError("interceptor");
    }
  }
  @Trace()
  class Wrapping implements NestInterceptor {
    intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
      return next.handle().pipe(map((value) => ({ value })));
    }
  }
  class AnswerTo implements ExceptionFilter {
    readonly #status: number;
    constructor(status: number) {
      this.#status = status;
    }
    catch(_exception: unknown, host: ArgumentsHost): void {
      const response = host.switchToHttp().getResponse();
      response.status(this.#status).send("plain");
    }
  }
  @Catch(SyntaxError)
  class SyntaxFilter extends AnswerTo {
    constructor() {
      super(422);
    }
  }
  class FailingFilter implements ExceptionFilter {
    catch(): never {
      throw new SyntaxError("filter");
    }
  }

  @Injectable()
  class Orders {
    @Trace()
    async find(id: number): Promise<{ id: number }> {
      await tick();
      if (id === 0) throw new RangeError("no order 0");
      return { id: this.check(id) };
    }
    @Trace("check order")
    check(id: number): number {
      return id;
    }
  }
  @Injectable({ scope: Scope.REQUEST })
  class Failing {
    constructor() {
      throw new RangeError("constructor");
    }
  }

  @Controller("orgs/:org")
  @UseFilters(new SyntaxFilter())
  class OrdersController {
    readonly #orders: Orders;
    constructor(orders: Orders) {
      this.#orders = orders;
    }
    @Get("orders/:id")
    @Trace()
    find(@Param("id", ParseIntPipe) id: number): Promise<object> {
      return this.#orders.find(id);
    }
    @Trace()
    @Get("events")
    events(): Observable<number> {
      return of(1, 2);
    }
    @Get("wrapped")
    @UseInterceptors(Wrapping)
    wrapped(): string {
      return "inside";
    }
    @Get(isFastify ? "files/*" : "files/*path")
    file(): object {
      return new StreamableFile(Readable.from([Buffer.from("a"), Buffer.from("b")], { objectMode: false }));
    }
    @Get("broken-file")
    broken(@Res({ passthrough: true }) response: Answer): object {
      async function* bytes(): AsyncGenerator<Buffer> {
        yield Buffer.from("a");
        while (!(response.raw ?? response).headersSent) await tick();
        throw new RangeError("disk");
      }
      return new StreamableFile(Readable.from(bytes(), { objectMode: false }));
    }
    @Get("old")
    @Redirect("/elsewhere", 301)
    old(): void {}
    @Post("orders")
    @HttpCode(202)
    @Header("x-a", "b")
    create(@Body() body: unknown): object {
      return { body };
    }
    @Sse("sse")
    sse(): Observable<{ data: string }> {
      return of({ data: "one" }, { data: "two" });
    }
  }

  @Controller("fail")
  class FailingController {
    @Get("guard-forbids")
    @UseGuards(Forbidding)
    forbidden(): void {}
    @Get("guard")
    @UseGuards(FailingGuard)
    guard(): void {}
    @Get("pipe/:id")
    @UsePipes(FailingPipe)
    pipe(@Param("id") _id: string): void {}
    @Get("interceptor")
    @UseInterceptors(FailingInterceptor)
    interceptor(): void {}
    @Get("observable")
    observable(): Observable<never> {
      return throwError(() => new RangeError("observable"));
    }
    @Get("conflict")
    conflict(): void {
      throw new ConflictException();
    }
    @Get("filter-4xx")
    @UseFilters(new AnswerTo(418))
    teapot(): void {
      throw new RangeError("teapot");
    }
    @Get("filter-5xx")
    @UseFilters(new AnswerTo(503))
    unavailable(): void {
      throw new ConflictException("hidden");
    }
    @Get("filter-plain")
    @UseFilters(new AnswerTo(500))
    plain(): void {
      throw new RangeError("plain");
    }
    @Get("filter")
    @UseFilters(new FailingFilter())
    filter(): void {
      throw new RangeError("first");
    }
    @Get("global-filter")
    global(): void {
      throw new SyntaxError("global");
    }
  }
  @Controller({ path: "scoped", scope: Scope.REQUEST })
  class ScopedController {
    constructor(readonly failing: Failing) {}
    @Get()
    get(): void {}
  }
  @Controller({ path: "tenants", host: ":tenant.example.com" })
  class TenantController {
    @Get()
    tenant(): string {
      return "tenant";
    }
  }
  @Controller({ path: "cats", version: "2" })
  class CatsController {
    @Get(":name")
    get(@Param("name") name: string): string {
      return name;
    }
  }
  @Controller()
  class HealthController {
    @Get("health")
    health(): string {
      return "fine";
    }
  }
  @Controller()
  class LeafController {
    @Get(":leaf")
    leaf(@Param("leaf") leaf: string): string {
      return leaf;
    }
  }

  @Injectable()
  class Gate implements NestMiddleware {
    async use(request: { headers: Record<string, string> }, response: Answer, next: Next): Promise<void> {
      await tick();
      const gate = request.headers["x-gate"];
      if (gate === "reject") throw new RangeError("middleware");
      if (gate === "fail") next(new RangeError("next"));
      else if (gate === "reply") {
        response.statusCode = 202;
        response.end("early");
      } else next();
    }
  }

  @Module({ controllers: [LeafController] })
  class LeafModule {}
  @Module({ imports: [LeafModule] })
  class BranchModule {}

  @Module({
    imports: [
      tracing,
      BranchModule,
      core.RouterModule.register([
        { path: "branches/:branch", module: BranchModule, children: [{ path: "leaves", module: LeafModule }] },
      ]),
    ],
    controllers: [
      OrdersController,
      FailingController,
      ScopedController,
      TenantController,
      CatsController,
      HealthController,
    ],
    providers: [Orders, Failing, { provide: core.APP_FILTER, useClass: SyntaxFilter }],
  })
  class AppModule implements NestModule {
    configure(consumer: MiddlewareConsumer): void {
      consumer.apply(Gate).exclude("health").forRoutes("*path");
      consumer.apply((_request: unknown, _response: unknown, next: Next) => next()).forRoutes(OrdersController);
    }
  }
  return AppModule;
}
